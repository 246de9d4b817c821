/** The version of this package, as nodes see it in the hello; a test compares it with package.json. */
export const clientVersion = '0.1.0';
