import { useEditBox } from "../api/boxes";
import { kindOf } from "../fields/kinds";
import { useOpenBox } from "./context";
import classes from "./Fields.module.css";
import { InPlace } from "./InPlace";

/** The fields of the box, edited in place. */
export function Fields() {
  const { box, pipeline, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();
  return (
    <dl className={classes.fields} aria-label="Fields">
      {pipeline.fields.map((field) => {
        const { Draw, Edit, icon: Icon } = kindOf(field);
        const value = box.fields[field.key];
        const save = (next: unknown) => {
          if (JSON.stringify(next ?? null) === JSON.stringify(value ?? null)) return;
          edit({ box, edit: { fields: { [field.key]: next } }, says: `${field.name} changed` });
        };
        return (
          <div key={field.key} className={classes.field}>
            <dt>
              <Icon size={15} stroke={1.6} />
              <span className="cut" title={field.name}>
                {field.name}
              </span>
            </dt>
            <dd>
              <InPlace
                label={field.name}
                value={field.type === "CHECKBOX" ? value === true : value}
                draw={<Draw field={field} value={value} />}
                edit={
                  Edit && mayEdit
                    ? (close) => (
                        <Edit
                          field={field}
                          value={value}
                          teamKey={pipeline.teamKey}
                          onSave={(next) => {
                            save(next);
                            close();
                          }}
                          onCancel={close}
                        />
                      )
                    : null
                }
              />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
