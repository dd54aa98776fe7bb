/** Text colours that are readable on the colour of a stage. */

/** Near black or white, whichever is more readable on this colour (`#rrggbb`). */
export function readableOn(background: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16) / 255);
  const linear = (part: number) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return light > 0.215 ? "#1f2327" : "#ffffff";
}

export const SWATCHES = [
  "#e8eaed",
  "#d2e3fc",
  "#ceead6",
  "#feefc3",
  "#fad2cf",
  "#e9d2fd",
  "#5f6368",
  "#1a73e8",
  "#1e8e3e",
  "#f29900",
  "#d93025",
  "#9334e6",
];
