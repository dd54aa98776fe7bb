import { useParams } from "react-router";
import { BoxView } from "../box/BoxView";

/** A box on a page of its own. */
export default function BoxPage() {
  const { box = "" } = useParams();
  return <BoxView key={box} box={box} />;
}
