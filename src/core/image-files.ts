/** How a view has its images, where its readers want them beside the labels. */
export const IMAGE_FILES = ['symlink', 'copy', 'hardlink', 'none'] as const;
export type ImageFiles = (typeof IMAGE_FILES)[number];
