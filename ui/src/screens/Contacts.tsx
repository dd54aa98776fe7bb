import { Directory } from "../directory/Directory";
import { CONTACTS } from "../directory/nouns";

export default function Contacts() {
  return <Directory noun={CONTACTS} />;
}
