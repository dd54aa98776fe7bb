import { Directory } from "../directory/Directory";
import { ORGANIZATIONS } from "../directory/nouns";

export default function Organizations() {
  return <Directory noun={ORGANIZATIONS} />;
}
