// The open chat: its messages, and what its borrower answers.
import { complain, say, sendFile } from "./api.js";
import { about, bubble } from "./bubble.js";
import { dayName, dress, find, make } from "./dom.js";

const NEAR = 60; // dots from the end that still count as being there
const shown = new Map(); // message id → its element
const drafts = new Map(); // phone → what was being typed
let phone = "";
let lastDay = "";
let acted = () => {};

/** `wake` is called after each act, so that its effect is soon seen. */
export function onAct(wake) {
  acted = wake;
}

export function openChat(number) {
  if (number === phone) return;
  drafts.set(phone, find("words").value);
  phone = number;
  forgetMessages();
  find("words").value = drafts.get(phone) ?? "";
  find("chat").hidden = !phone;
  fit();
  attachments(false);
  find("no-chat").hidden = Boolean(phone);
}

export function forgetMessages() {
  shown.clear();
  lastDay = "";
  find("bubbles").replaceChildren();
  find("newer").hidden = true;
}

export function showPerson(person) {
  if (person.phone !== phone) return;
  dress(find("chat-avatar"), person);
  find("chat-name").textContent = person.name;
  find("chat-number").textContent = person.hidden ? `${person.phone} · known as ${person.number}` : person.phone;
}

/** New and changed messages; who reads at the end stays there, who reads above is not moved. */
export function showMessages(rows, today) {
  const log = find("log");
  const first = shown.size === 0;
  const atEnd = first || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  let added = false;
  for (const row of rows) {
    const element = shown.get(row.id);
    if (element) {
      element.dataset.status = row.status;
      element.querySelector(".about").replaceWith(about(row));
      continue;
    }
    added = true;
    separate(row.day, today);
    shown.set(row.id, bubble(row, act));
    find("bubbles").append(shown.get(row.id));
  }
  if (!added) return;
  if (atEnd) toEnd();
  else find("newer").hidden = false;
}

function separate(day, today) {
  if (day === lastDay) return;
  lastDay = day;
  find("bubbles").append(make("li", { class: "day" }, make("span", {}, dayName(day, today))));
}

function toEnd() {
  find("log").scrollTop = find("log").scrollHeight;
  find("newer").hidden = true;
}

async function act(saying) {
  await attempt(() => say(phone, saying));
}

/** Whether it worked; if not, the page says why. */
async function attempt(work) {
  try {
    await work();
  } catch (fault) {
    complain(fault);
    return false;
  }
  toEnd();
  acted();
  return true;
}

async function answer() {
  const words = find("words");
  const text = words.value;
  if (!text.trim()) return;
  words.value = "";
  fit();
  if (!(await attempt(() => say(phone, { text })))) words.value ||= text;
}

function fit() {
  const words = find("words");
  words.style.height = "auto";
  words.style.height = `${Math.min(words.scrollHeight, 120)}px`;
}

function attachments(open) {
  find("attachments").hidden = !open;
  find("attach").setAttribute("aria-expanded", String(open));
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  answer();
});
find("words").addEventListener("input", fit);
find("words").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  answer();
});
find("attach").addEventListener("click", () => attachments(find("attachments").hidden));
find("composer").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || find("attachments").hidden) return;
  attachments(false);
  find("attach").focus();
});
for (const button of document.querySelectorAll("[data-say]")) {
  button.addEventListener("click", () => {
    attachments(false);
    act({ [button.dataset.say]: true });
  });
}
find("from-disk").addEventListener("click", () => find("file").click());
find("file").addEventListener("change", async () => {
  const [file] = find("file").files;
  attachments(false);
  if (file) await attempt(() => sendFile(phone, file, ""));
  find("file").value = "";
});
find("newer").addEventListener("click", toEnd);
find("log").addEventListener("load", (event) => {
  const { scrollHeight, scrollTop, clientHeight } = find("log");
  if (scrollHeight - scrollTop - clientHeight < NEAR + event.target.height) toEnd();
}, true);
find("log").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = find("log");
  if (scrollHeight - scrollTop - clientHeight < NEAR) find("newer").hidden = true;
});
find("sheet-close").addEventListener("click", () => find("sheet").close());
