// WhatsApp's marks: *bold*, _italic_, ~strike~, ```mono```, and addresses.
import { make } from "./dom.js";

const MARKED =
  /```([^`]+)```|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]+?)(?<=\S)\2(?![\p{L}\p{N}])|(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)*_~])/gu;
const TAGS = { "*": "strong", "_": "em", "~": "s" };

/** The nodes of a text as a phone shows it. */
export function written(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(MARKED)) {
    const [whole, mono, mark, inner, address] = found;
    nodes.push(text.slice(end, found.index));
    if (mono) nodes.push(make("code", {}, mono));
    else if (mark) nodes.push(make(TAGS[mark], {}, ...written(inner)));
    else nodes.push(link(address, address));
    end = found.index + whole.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

export function link(address, ...content) {
  const outside = { href: address, target: "_blank", rel: "noopener noreferrer" };
  return make("a", /^https?:\/\//.test(address) ? outside : {}, ...content);
}
