// The page: which tab and chat are open, and news of them, again and again.
import { complain, get, say } from "./api.js";
import { forgetMessages, onAct, openChat, showMessages, showPerson } from "./chat.js";
import { forgetChats, lastOrder, markOpen, showChats, unread } from "./chats.js";
import { showFaults, showRefused } from "./desks.js";
import { find } from "./dom.js";

const PAUSE = 600; // milliseconds between two looks
const TABS = ["phones", "refused", "faults"];

const known = { epoch: "", revision: 0, inChat: 0 };
let tab = "";
let chat = "";
let lastRead = "";
let waiting = 0;
let looking = false;
let again = false;

function follow() {
  const [, wanted, number = ""] = location.hash.split("/");
  tab = TABS.includes(wanted) ? wanted : "phones";
  const opened = tab === "phones" ? decoded(number) : chat;
  if (opened !== chat) known.inChat = 0;
  chat = opened;
  document.body.dataset.tab = tab;
  document.body.dataset.chat = chat ? "open" : "";
  for (const name of TABS) {
    find(name).hidden = name !== tab;
    find(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
  }
  openChat(chat);
  markOpen(chat);
  look();
}

function decoded(number) {
  try {
    return decodeURIComponent(number);
  } catch {
    return "";
  }
}

/** One look at a time; who asks meanwhile gets another after it. */
async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  clearTimeout(waiting);
  try {
    do {
      again = false;
      await lookOnce();
    } while (again);
    document.body.classList.remove("lost");
  } catch (fault) {
    if (!document.body.classList.contains("lost")) complain(new Error(`The simulator does not answer: ${fault.message}`));
    document.body.classList.add("lost");
  }
  looking = false;
  waiting = setTimeout(look, PAUSE);
}

async function lookOnce() {
  const asked = chat;
  const query = { epoch: known.epoch, since: known.revision, chat: asked, since_in_chat: known.inChat };
  const news = await get("/_page/news", query);
  if (news.epoch !== known.epoch) {
    forgetChats();
    forgetMessages();
  }
  known.epoch = news.epoch;
  known.revision = news.revision;
  showChats(news.chats, news.today);
  count("refused-count", news.refused);
  count("faults-count", news.faults);
  if (asked === chat && news.person) {
    known.inChat = news.revision;
    showPerson(news.person);
    showMessages(news.messages, news.today);
  }
  if (tab === "refused") await showRefused(news.epoch, news.refused);
  if (tab === "faults") await showFaults();
  await read();
}

/** Who looks at a chat has read it. */
async function read() {
  if (tab !== "phones" || !chat || document.hidden || !unread(chat)) return;
  // Being read takes a moment: asking once is enough.
  const unreadNow = [known.epoch, chat, lastOrder(chat), unread(chat)].join();
  if (unreadNow === lastRead) return;
  lastRead = unreadNow;
  await say(chat, { read: true }).catch(complain);
}

function count(id, number) {
  find(id).hidden = number === 0;
  find(id).textContent = String(number);
}

addEventListener("hashchange", follow);
document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length];
  location.hash = `#/${next}`;
  find(`tab-${next}`).focus();
});
onAct(look);
follow();
