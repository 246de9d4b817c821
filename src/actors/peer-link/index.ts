/** The public face of the link news. */
export { PeerLink } from './peer-link.ts';
