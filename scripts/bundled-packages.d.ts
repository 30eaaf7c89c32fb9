export function bundledPackages(
  metafile: object,
): { readonly name: string; readonly version: string; readonly license: string; readonly folder: string }[];
