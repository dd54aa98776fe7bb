import { ActionIcon, Menu, ScrollArea, Text } from "@mantine/core";
import { IconBraces, IconTextPlus } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Offer } from "./offers";

type InsertMenuProps = { offers: Offer[]; onInsert: (offer: Offer) => void };

/** Inserts a snippet or a merge field. */
export function InsertMenu({ offers, onInsert }: InsertMenuProps) {
  const snippets = offers.filter((each) => each.kind === "snippet");
  const fields = offers.filter((each) => each.kind === "field");
  return (
    <>
      <OneMenu label="Insert a snippet" icon={IconTextPlus} offers={snippets} onInsert={onInsert}>
        <Menu.Item component={Link} to="/mail/snippets">
          {snippets.length === 0 ? "Write your first snippet" : "Edit the snippets"}
        </Menu.Item>
      </OneMenu>
      <OneMenu label="Insert a merge field" icon={IconBraces} offers={fields} onInsert={onInsert} />
    </>
  );
}

type OneMenuProps = InsertMenuProps & { label: string; icon: typeof IconBraces; children?: React.ReactNode };

function OneMenu({ label, icon: Icon, offers, onInsert, children }: OneMenuProps) {
  return (
    <Menu position="top-start" withInitialFocusPlaceholder={false} width={300}>
      <Menu.Target>
        <ActionIcon aria-label={label} size={30}>
          <Icon size={17} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {offers.length > 0 && (
          <ScrollArea.Autosize mah={280} type="auto" viewportProps={{ tabIndex: -1 }}>
            {offers.map((each) => (
              <Menu.Item key={each.id} onClick={() => onInsert(each)}>
                <span className="cut">{each.label}</span>
                <Text size="xs" className="quiet cut">
                  {each.hint}
                </Text>
              </Menu.Item>
            ))}
          </ScrollArea.Autosize>
        )}
        {offers.length > 0 && children && <Menu.Divider />}
        {children}
      </Menu.Dropdown>
    </Menu>
  );
}
