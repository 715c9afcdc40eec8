// The disks of this machine, for those who ask what is left.

/** Of the disk that holds a folder. */
export interface DiskState {
  readonly folder: string;
  /** What a server that is not root may still write. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}
