/** The few SVG elements that the plots are made of. Text is escaped here and nowhere else. */

/** Told apart in daylight and by most eyes; whatever is more than these is dashed. */
const palette: readonly string[] = [
  '#0b5fff',
  '#e8710a',
  '#1a9850',
  '#d01c8b',
  '#5e3c99',
  '#00a5b5',
  '#8c510a',
  '#e5ae00',
  '#6e7781',
  '#a50026',
];

export interface Stroke {
  readonly colour: string;
  /** A second round through the palette is dashed. */
  readonly dashed: boolean;
}

export function strokeOf(index: number): Stroke {
  return { colour: palette[index % palette.length] ?? '#000000', dashed: index >= palette.length };
}

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly bold?: boolean;
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { anchor = 'start', size = 12, bold = false } = options;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}"${weight}>${escape(content)}</text>`;
}

export function bar(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" fill="${colour}"/>`;
}

export function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#d0d7de"/>`;
}

export function curve(points: readonly (readonly [number, number])[], stroke: Stroke): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
  const dash = stroke.dashed ? ' stroke-dasharray="7 4"' : '';
  return `<polyline points="${path}" fill="none" stroke="${stroke.colour}" stroke-width="2"${dash}/>`;
}

export function picture(width: number, height: number, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="#24292f">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
