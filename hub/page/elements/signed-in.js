// Who is signed in at the province's sign-on, with what role; and the way in and out.

import { ask, post } from "../ask.js";
import { el } from "../el.js";
import { guarded } from "../failures.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";

/** @import { SignedInPerson } from "../types.js" */

const t = words({
  vi: {
    region: "Đăng nhập",
    in: "Đăng nhập",
    out: "Đăng xuất",
    unit: "đơn vị {0}",
    many: "{0} đơn vị",
    no_role:
      "Chưa đăng nhập được: tài khoản của bạn chưa được cấp vai trò. Hãy hỏi cán bộ dữ liệu của tỉnh.",
    denied: "Chưa đăng nhập: bạn đã từ chối, hoặc hệ thống đăng nhập của tỉnh không cho phép.",
    away: "Chưa đăng nhập được: không liên lạc được với hệ thống đăng nhập của tỉnh. Hãy thử lại sau.",
    failed: "Chưa đăng nhập được: lượt đăng nhập đã quá hạn hoặc không hợp lệ. Hãy đăng nhập lại.",
  },
  en: {
    region: "Sign-in",
    in: "Sign in",
    out: "Sign out",
    unit: "unit {0}",
    many: "{0} units",
    no_role:
      "You are not signed in: your account has no role here. Ask the province's data officer.",
    denied: "You are not signed in: you declined, or the province's sign-on did not let you in.",
    away: "You are not signed in: the province's sign-on cannot be reached. Try again later.",
    failed: "You are not signed in: the sign-in took too long or is not valid. Sign in again.",
  },
});

const RULES = /** @type {const} */ (["no_role", "denied", "away", "failed"]);

/** Whether the hub has a sign-on: the shell says so. */
const hasSignOn = document.documentElement.dataset.signOn === "1";

export class SignedIn extends Part {
  static follows = [page.changes("lang"), page.changes("isKeyAsked")];

  /** @type {SignedInPerson | null} */
  #person = null;
  #wasAsked = false;
  #refused = RULES.find((rule) => rule === new URLSearchParams(location.search).get("sign_in"));
  #box = el("div", { id: "signed-in", role: "group" });
  #said = el("p", { id: "not-signed-in", role: "alert" });

  build() {
    if (!hasSignOn) return [];
    if (this.#refused) remember({ sign_in: "" });
    void this.#read();
    return [this.#box, this.#said];
  }

  draw() {
    if (!hasSignOn) return;
    this.#box.setAttribute("aria-label", t("region"));
    this.#box.replaceChildren(...(this.#person ? this.#shown(this.#person) : [this.#wayIn()]));
    this.#said.hidden = !this.#refused || this.#person !== null;
    this.#said.textContent = this.#refused ? t(this.#refused) : "";
    // The hub does not know this reader any more: the session is over.
    if (page.now.isKeyAsked && !this.#wasAsked && this.#person) void this.#read();
    this.#wasAsked = page.now.isKeyAsked;
  }

  async #read() {
    await guarded(
      "signed-in",
      () => t("region"),
      async () => {
        const answer = /** @type {{ person: SignedInPerson | null }} */ (await ask("/sign-in/me"));
        this.#person = answer.person;
      },
    );
    this.draw();
  }

  #wayIn() {
    const to = location.pathname + location.search;
    const href = `/sign-in?${new URLSearchParams({ to })}`;
    // A key that was typed here would count instead of the sign-in.
    const onclick = () => sessionStorage.removeItem("key");
    return el("a", { class: "button", href, onclick }, t("in"));
  }

  /** @param {SignedInPerson} person */
  #shown({ name, roles, units }) {
    const titles = roles.map((role) => inLang(role, "title")).join(", ");
    const [first] = units;
    const where = units.length > 1 ? t("many", units.length) : first && t("unit", first);
    const role = el("span", { class: "quiet" }, [titles, where].filter(Boolean).join(" · "));
    const leave = () => void this.#leave();
    return [
      el("span", {}, el("strong", {}, name), " ", role),
      el("button", { type: "button", onclick: leave }, t("out")),
    ];
  }

  async #leave() {
    await guarded(
      "signed-in",
      () => t("out"),
      async () => {
        const answer = /** @type {{ sign_out_at: string | null }} */ (await post("/sign-out", {}));
        sessionStorage.removeItem("key");
        location.href = answer.sign_out_at ?? "/";
      },
    );
  }
}

customElements.define("signed-in", SignedIn);
