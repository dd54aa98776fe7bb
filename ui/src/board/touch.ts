/**
 * Moves cards by touch, because browsers support drag and drop mainly by mouse. A long press lifts a card; a finger
 * that moves earlier scrolls.
 */

/** How long a press must last to lift a card, in ms. */
const HOLD_MS = 300;
/** A finger that moves further than this (px) during the press scrolls. */
const HOLD_TOLERANCE = 8;
/** Closer than this to an edge (px), the board scrolls. */
const SCROLL_EDGE = 48;
const SCROLL_STEP = 12;

type Place = { lane: string; card: string | null; below: boolean };
type TouchHandlers = {
  mayLift: (card: string) => boolean;
  /** Called when the card is dropped on a lane: before or after another card, or at the end. */
  onDrop: (card: string, place: Place) => void;
};
type Point = { x: number; y: number };

/** Lets the user lift `[data-card]` within `board` and drop it on `[data-lane]`. Returns a function that ends this. */
export function touchable(board: HTMLElement, given: () => TouchHandlers): () => void {
  let end: (() => void) | null = null;
  const begin = (event: TouchEvent) => {
    end?.();
    const target = event.target as HTMLElement;
    const card = target.closest<HTMLElement>("[data-card]");
    const [finger] = event.touches;
    if (!card || !finger || event.touches.length > 1 || target.closest("button, a, input")) return;
    if (!given().mayLift(card.dataset.card ?? "")) return;
    end = hold(board, target, card, { x: finger.clientX, y: finger.clientY }, given);
  };
  board.addEventListener("touchstart", begin, { passive: true });
  return () => {
    end?.();
    board.removeEventListener("touchstart", begin);
  };
}

function hold(
  board: HTMLElement,
  target: HTMLElement,
  card: HTMLElement,
  from: Point,
  given: () => TouchHandlers,
): () => void {
  const key = card.dataset.card ?? "";
  let at = from;
  let lifted: ReturnType<typeof lift> | null = null;
  const timer = setTimeout(() => {
    lifted = lift(board, card, from);
  }, HOLD_MS);
  const move = (event: TouchEvent) => {
    const [finger] = event.touches;
    if (!finger || event.touches.length > 1) return over();
    at = { x: finger.clientX, y: finger.clientY };
    if (lifted) {
      event.preventDefault();
      lifted.move(at);
    } else if (Math.hypot(at.x - from.x, at.y - from.y) > HOLD_TOLERANCE) over();
  };
  const letGo = (event: TouchEvent) => {
    const place = lifted && placeAt(at);
    // Prevents the click that would open the box.
    if (lifted) event.preventDefault();
    over();
    if (place && place.card !== key) given().onDrop(key, place);
  };
  const noMenu = (event: Event) => lifted && event.preventDefault();
  const over = () => {
    clearTimeout(timer);
    lifted?.end();
    lifted = null;
    target.removeEventListener("touchmove", move);
    target.removeEventListener("touchend", letGo);
    target.removeEventListener("touchcancel", over);
    board.removeEventListener("contextmenu", noMenu);
  };
  // The listener is on the touched element: it receives the touch events even when its card is no longer drawn.
  target.addEventListener("touchmove", move, { passive: false });
  target.addEventListener("touchend", letGo, { passive: false });
  target.addEventListener("touchcancel", over);
  board.addEventListener("contextmenu", noMenu);
  return over;
}

/** A copy of the card follows the finger, and a marker shows where the card would land. */
function lift(board: HTMLElement, card: HTMLElement, from: Point) {
  const { left, top, width } = card.getBoundingClientRect();
  const ghost = card.cloneNode(true) as HTMLElement;
  ghost.removeAttribute("data-card");
  ghost.setAttribute("aria-hidden", "true");
  ghost.dataset.lifted = "";
  Object.assign(ghost.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, transform: "" });
  document.body.append(ghost);
  card.dataset.dragging = "true";
  navigator.vibrate?.(10);
  let at = from;
  let marked: HTMLElement[] = [];
  const mark = () => {
    for (const each of marked) delete each.dataset.aim;
    const { lane, card: under } = elementsAt(at);
    marked = [lane, under].filter((each): each is HTMLElement => each !== null && each !== card);
    if (lane) lane.dataset.aim = "lane";
    if (under && under !== card) under.dataset.aim = isBelow(under, at) ? "bottom" : "top";
  };
  let frame = 0;
  const scroll = () => {
    const sides = board.getBoundingClientRect();
    board.scrollLeft += pace(at.x, sides.left, sides.right);
    const list = elementsAt(at).lane?.querySelector<HTMLElement>("[data-cards]");
    const ends = list?.getBoundingClientRect();
    if (list && ends) list.scrollTop += pace(at.y, ends.top, ends.bottom);
    mark();
    frame = requestAnimationFrame(scroll);
  };
  frame = requestAnimationFrame(scroll);
  return {
    move: (to: Point) => {
      at = to;
      ghost.style.transform = `translate(${at.x - from.x}px, ${at.y - from.y}px) rotate(1.5deg)`;
    },
    end: () => {
      cancelAnimationFrame(frame);
      ghost.remove();
      delete card.dataset.dragging;
      for (const each of marked) delete each.dataset.aim;
    },
  };
}

function pace(at: number, start: number, end: number): number {
  return at < start + SCROLL_EDGE ? -SCROLL_STEP : at > end - SCROLL_EDGE ? SCROLL_STEP : 0;
}

function elementsAt({ x, y }: Point): { lane: HTMLElement | null; card: HTMLElement | null } {
  const under = document.elementFromPoint(x, y);
  return {
    lane: under?.closest<HTMLElement>("[data-lane]") ?? null,
    card: under?.closest<HTMLElement>("[data-card]") ?? null,
  };
}

function isBelow(card: HTMLElement, at: Point): boolean {
  const { top, height } = card.getBoundingClientRect();
  return at.y > top + height / 2;
}

function placeAt(at: Point): Place | null {
  const { lane, card } = elementsAt(at);
  if (!lane) return null;
  return { lane: lane.dataset.lane ?? "", card: card?.dataset.card ?? null, below: card !== null && isBelow(card, at) };
}
