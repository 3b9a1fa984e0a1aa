/** The page of `preannotate review` and of reports. */
document.title = 'preannotate';
