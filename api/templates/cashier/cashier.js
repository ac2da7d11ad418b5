// The live part of the cashier page: count-down, state by server-sent events, return to the shop.
// Everything it says is already in the page; without it the page refreshes itself.
"use strict";
(() => {
  const RETURN_AFTER_SECONDS = 5;
  const RELOAD_AFTER_LOSS_MS = 15000;
  const RELOAD_AFTER_END_MS = 2000;
  const RELOAD_WHEN_OVERDUE_MS = 10000;

  const page = document.getElementById("cashier");
  if (!page) return;
  const { state, events } = page.dataset;
  const expires = Number(page.dataset.expiresMs);
  // The payer's clock may be wrong: only its distance from the server's time is used.
  const skew = Number(page.dataset.nowMs) - Date.now();
  const watched = "watched " + location.pathname;

  // A browser may forbid storage; then the payer uses the link.
  const remember = (act) => {
    try {
      return act(sessionStorage);
    } catch {
      return null;
    }
  };

  let reloading = false;
  const reloadLater = (ms) => {
    if (reloading) return;
    reloading = true;
    setTimeout(() => location.reload(), ms);
  };

  const countDown = () => {
    const left = document.getElementById("left");
    const bar = document.getElementById("bar");
    const two = (number) => String(number).padStart(2, "0");
    const overdueAtStart = expires - Number(page.dataset.nowMs) <= 0;
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((expires - Date.now() - skew) / 1000));
      const hours = Math.floor(seconds / 3600);
      const minutes = Math.floor(seconds / 60) % 60;
      left.textContent = hours
        ? hours + ":" + two(minutes) + ":" + two(seconds % 60)
        : minutes + ":" + two(seconds % 60);
      bar.value = seconds;
      page.classList.toggle("urgent", seconds <= 60);
      if (seconds === 0) {
        clearInterval(timer);
        reloadLater(overdueAtStart ? RELOAD_WHEN_OVERDUE_MS : RELOAD_AFTER_END_MS);
      }
    };
    const timer = setInterval(tick, 500);
    tick();
  };

  const follow = () => {
    const status = document.getElementById("status");
    const say = (text) => {
      if (status && status.textContent !== text) {
        status.textContent = text;
        status.hidden = false;
      }
    };
    const stream = new EventSource(events);
    stream.addEventListener("open", () => {
      page.classList.add("live");
      if (status) say(status.dataset.live);
    });
    stream.addEventListener("state", (event) => {
      if (event.data.trim() !== state) location.reload();
    });
    stream.addEventListener("error", () => {
      page.classList.remove("live");
      if (status) say(status.dataset.reconnecting);
      // A closed stream does not come back by itself; one that is connecting does.
      if (stream.readyState === EventSource.CLOSED && state !== "expired") {
        reloadLater(RELOAD_AFTER_LOSS_MS);
      }
    });
    addEventListener("pagehide", () => stream.close());
  };

  // Only a payer who watched this page change is taken along; whoever comes back later stays.
  const returnToShop = () => {
    const link = document.getElementById("return");
    const note = document.getElementById("returning");
    if (!link || !note || !remember((store) => store.getItem(watched))) return;
    remember((store) => store.removeItem(watched));
    let seconds = RETURN_AFTER_SECONDS;
    const tick = () => {
      if (seconds === 0) {
        clearInterval(timer);
        location.replace(link.href);
        return;
      }
      note.textContent = note.dataset.text.replace("#", String(seconds));
      note.hidden = false;
      seconds -= 1;
    };
    const timer = setInterval(tick, 1000);
    tick();
  };

  // A page taken from the browser's memory may show a state of long ago.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if (state === "waiting") {
    remember((store) => store.setItem(watched, "yes"));
    countDown();
  }
  if (state === "paid") returnToShop();
  if (events) follow();
})();
