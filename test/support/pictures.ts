// Bytes that begin like pictures.
export const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
export const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
export const GIF = Buffer.from('GIF89a\x01\x00\x01\x00', 'latin1');
export const WEBP = Buffer.from('RIFF\x1a\x00\x00\x00WEBPVP8L', 'latin1');
