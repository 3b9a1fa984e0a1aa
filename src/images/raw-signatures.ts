/** Camera raw by its first bytes; `?` stands for any byte. Others are TIFF files and show it by their tags. */
export const RAW_SIGNATURES: readonly (readonly [signature: string, offset: number, format: string])[] = [
  ['II*\0????CR\x02', 0, 'Canon CR2'],
  ['II\x1a\0\0\0HEAPCCDR', 0, 'Canon CRW'],
  ['IIRO', 0, 'Olympus ORF'],
  ['IIRS', 0, 'Olympus ORF'],
  ['MMOR', 0, 'Olympus ORF'],
  ['IIU\0', 0, 'Panasonic RW2'],
  ['FUJIFILMCCD-RAW', 0, 'Fujifilm RAF'],
  ['FOVb', 0, 'Sigma X3F'],
  ['\0MRM', 0, 'Minolta MRW'],
  ['II*\0????IIII?waR', 0, 'Phase One IIQ'],
  ['MM\0*????MMMMRaw?', 0, 'Phase One IIQ'],
];
