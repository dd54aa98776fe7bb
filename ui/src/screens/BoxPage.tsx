import { useParams } from "react-router";
import { BoxView } from "../box/BoxView";

/** A box with the page to itself. */
export default function BoxPage() {
  const { box = "" } = useParams();
  return <BoxView key={box} box={box} />;
}
