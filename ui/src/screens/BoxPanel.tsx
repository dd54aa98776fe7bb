import { BoxView } from "../box/BoxView";
import classes from "./BoxPanel.module.css";

/** A box beside the screen from which it was opened. */
export default function BoxPanel({ box, onClose }: { box: string; onClose: () => void }) {
  return (
    <aside className={classes.panel} aria-label="Box">
      <BoxView box={box} onClose={onClose} />
    </aside>
  );
}
