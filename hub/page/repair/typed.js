// What was typed into forms of items and which causes are open: kept until it is sent or the tab is
// closed, whatever is read or loaded again meanwhile.

const TYPED = "repair.typed";
const OPEN = "repair.open";

/** @param {string} key @returns {Record<string, Record<string, string>>} */
function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}

/**
 * What was typed for an item, by its fields.
 * @param {string} item
 * @returns {Record<string, string>}
 */
export const typedOf = (item) => read(TYPED)[item] ?? {};

/** @param {string} item @param {string} field @param {string} text @param {string} was */
export function keepTyped(item, field, text, was) {
  const { [field]: _, ...others } = typedOf(item);
  keep(TYPED, item, text === was ? others : { ...others, [field]: text });
}

/** @param {string} item */
export const forgetTyped = (item) => keep(TYPED, item, {});

/** @param {string} cause */
export const isKeptOpen = (cause) => cause in read(OPEN);

/** @param {string} cause @param {boolean} isOpen */
export const keepOpen = (cause, isOpen) => keep(OPEN, cause, isOpen ? { open: "1" } : {});

/** @param {string} key @param {string} name @param {Record<string, string>} values */
function keep(key, name, values) {
  const { [name]: _, ...others } = read(key);
  const all = Object.keys(values).length ? { ...others, [name]: values } : others;
  try {
    sessionStorage.setItem(key, JSON.stringify(all));
  } catch {
    // There is no room: what was typed stays in the form as long as that is shown.
  }
}
