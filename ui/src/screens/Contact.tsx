import { EntryPage } from "../directory/EntryPage";
import { CONTACTS } from "../directory/nouns";

export default function Contact() {
  return <EntryPage noun={CONTACTS} />;
}
