/**
 * The fields of Kubernetes' API and of GitLab's pipelines that a file may have, by type: a small part of both, without
 * the types of their values. A field leads to a type, to `?` where it holds a value or names of the user's own.
 */
export type Fields = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Of names, each a field without a type. */
function values(names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, '?']));
}

const OBJECT = { ...values('apiVersion kind'), metadata: 'Metadata' };

/** @see https://kubernetes.io/docs/reference/kubernetes-api/ */
export const KUBERNETES: Fields = {
  Job: { ...OBJECT, spec: 'JobSpec' },
  Deployment: { ...OBJECT, spec: 'DeploymentSpec' },
  Service: { ...OBJECT, spec: 'ServiceSpec' },
  Metadata: values('name namespace labels annotations'),
  JobSpec: {
    ...values('completions parallelism completionMode backoffLimit backoffLimitPerIndex maxFailedIndexes'),
    ...values('activeDeadlineSeconds ttlSecondsAfterFinished suspend'),
    podFailurePolicy: 'PodFailurePolicy',
    template: 'PodTemplate',
  },
  PodFailurePolicy: { rules: 'FailureRule' },
  FailureRule: { action: '?', onExitCodes: 'OnExitCodes', onPodConditions: 'OnPodCondition' },
  OnExitCodes: values('containerName operator values'),
  OnPodCondition: values('type status'),
  DeploymentSpec: { ...values('replicas selector strategy minReadySeconds'), template: 'PodTemplate' },
  ServiceSpec: { ...values('selector type clusterIP'), ports: 'ServicePort' },
  ServicePort: values('name port targetPort protocol'),
  PodTemplate: { metadata: 'Metadata', spec: 'PodSpec' },
  PodSpec: {
    ...values('restartPolicy terminationGracePeriodSeconds nodeSelector tolerations serviceAccountName'),
    ...{ securityContext: 'PodSecurity', containers: 'Container', initContainers: 'Container', volumes: 'Volume' },
  },
  PodSecurity: { ...values('runAsNonRoot runAsUser runAsGroup fsGroup'), seccompProfile: 'SeccompProfile' },
  SeccompProfile: values('type localhostProfile'),
  Container: {
    ...values('name image command args env workingDir imagePullPolicy'),
    ...{ ports: 'ContainerPort', resources: 'Resources', securityContext: 'Security', volumeMounts: 'Mount' },
    ...{ startupProbe: 'Probe', readinessProbe: 'Probe', livenessProbe: 'Probe' },
  },
  ContainerPort: values('name containerPort protocol'),
  Resources: values('requests limits'),
  Security: { ...values('allowPrivilegeEscalation readOnlyRootFilesystem'), capabilities: 'Capabilities' },
  Capabilities: values('add drop'),
  Mount: values('name mountPath subPath readOnly'),
  Probe: {
    ...values('initialDelaySeconds periodSeconds timeoutSeconds failureThreshold successThreshold'),
    httpGet: 'HttpGet',
  },
  HttpGet: values('path port scheme'),
  Volume: { name: '?', persistentVolumeClaim: 'Claim', configMap: 'ConfigMap', secret: 'Secret', emptyDir: 'EmptyDir' },
  Claim: values('claimName readOnly'),
  ConfigMap: values('name items optional'),
  Secret: values('secretName items optional'),
  EmptyDir: values('medium sizeLimit'),
};

/** Of a job, and of `default`. @see https://docs.gitlab.com/ci/yaml/ */
export const GITLAB: Fields = {
  Job: {
    ...values('stage script before_script after_script parallel timeout needs rules variables tags retry when'),
    ...values('allow_failure resource_group interruptible dependencies extends'),
    ...{ image: 'Image', cache: 'Cache', artifacts: 'Artifacts' },
  },
  Image: values('name entrypoint pull_policy'),
  Cache: values('key paths when policy untracked fallback_keys unprotect'),
  Artifacts: { ...values('name paths exclude expire_in expose_as when untracked access'), reports: 'Reports' },
  Reports: values('junit dotenv coverage_report'),
};

/** Paths of fields that a type does not have. Of a list, each entry is of the type. */
export function unknownFields(value: unknown, type: string, fields: Fields): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((one, i) => unknownFields(one, type, fields).map((path) => `${i}.${path}`));
  }
  const known = fields[type];
  if (known === undefined || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    known[name] === undefined ? [name] : unknownFields(inner, known[name], fields).map((path) => `${name}.${path}`),
  );
}
