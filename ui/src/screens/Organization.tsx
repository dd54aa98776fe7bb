import { EntryPage } from "../directory/EntryPage";
import { ORGANIZATIONS } from "../directory/nouns";

export default function Organization() {
  return <EntryPage noun={ORGANIZATIONS} />;
}
