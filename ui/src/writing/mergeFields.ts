/** Marks merge fields such as `{{contact.givenName|there}}` in the editor, so that they differ from the text. */

import { Plugin } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import { Extension } from "@tiptap/react";

export const MergeFields = Extension.create<{ className: string }>({
  name: "mergeFields",
  addOptions: () => ({ className: "" }),
  addProseMirrorPlugins() {
    const { className } = this.options;
    return [
      new Plugin({
        props: {
          decorations({ doc }) {
            const marks: Decoration[] = [];
            doc.descendants((node, at) => {
              for (const found of node.text?.matchAll(/\{\{[^{}]+\}\}/g) ?? []) {
                marks.push(
                  Decoration.inline(at + found.index, at + found.index + found[0].length, { class: className }),
                );
              }
            });
            return DecorationSet.create(doc, marks);
          },
        },
      }),
    ];
  },
});
