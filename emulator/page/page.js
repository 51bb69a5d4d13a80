// Live updates, and small conveniences. Every view works without this file.
"use strict";
(() => {
  const workspace = document.body.dataset.w;

  for (const element of document.querySelectorAll("[data-with-script-hidden]")) element.hidden = true;
  const choice = document.getElementById("w");
  if (choice) choice.addEventListener("change", () => choice.form.submit());

  // The filters would leave no place for the list; their summary names them.
  if (window.matchMedia("(max-width: 46rem)").matches) {
    for (const element of document.querySelectorAll("[data-fold]")) element.open = false;
  }

  for (const button of document.querySelectorAll("[data-confirm]")) {
    button.addEventListener("click", (event) => {
      if (!window.confirm(button.dataset.confirm)) event.preventDefault();
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.querySelector(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        window.getSelection().selectAllChildren(source);
        button.textContent = "Press Ctrl-C";
      }
    });
  }

  // "/" goes to the search field, as on many sites.
  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("[data-search]");
    if (event.key !== "/" || !field || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    field.focus();
  });

  const live = document.querySelector("[data-live]");
  const liveText = document.querySelector("[data-live-text]");
  const table = document.querySelector("[data-stream]");
  const pause = document.querySelector("[data-pause]");
  let paused = false;
  let held = [];

  const grouped = new Intl.NumberFormat("en-US");
  const bytes = (n) => {
    for (const unit of ["B", "kB", "MB"]) {
      if (n < 1000) return (unit === "B" ? n : n.toFixed(1)) + " " + unit;
      n /= 1000;
    }
    return n.toFixed(1) + " GB";
  };
  const showStats = (stats) => {
    const values = { ...stats, ...stats.messages };
    for (const element of document.querySelectorAll("[data-stat]")) {
      const name = element.dataset.stat;
      const text = name === "bytes" ? bytes(values.bytes) : grouped.format(values[name]);
      if (element.textContent !== text) element.textContent = text;
    }
  };

  const cell = (row, text, name) => {
    const td = row.insertCell();
    td.textContent = text;
    if (name) td.className = name;
    return td;
  };
  const showRow = (body, message) => {
    const row = body.insertRow(0);
    row.className = message.verdict + " new";
    cell(row, message.at, "num");
    const badge = document.createElement("span");
    badge.className = "v " + message.verdict;
    badge.textContent = message.verdict;
    cell(row, "").append(badge);
    const a = document.createElement("a");
    a.href = message.link;
    const number = message.count > 1 ? grouped.format(message.count) + " " : "";
    a.textContent = number + (message.type || (number ? "messages" : "message " + message.sequence));
    if (message.name) {
      const name = document.createElement("b");
      name.textContent = message.name;
      a.append(" ", name);
    }
    cell(row, "").append(a);
    const who = cell(row, "");
    if (message.who) {
      const person = document.createElement("a");
      person.href = message.whoLink;
      person.textContent = message.who;
      who.append(person);
    }
    const why = cell(row, message.why, "muted");
    if (message.warnings) {
      const mark = document.createElement("span");
      mark.className = "v warned";
      mark.textContent = message.warnings + (message.warnings === 1 ? " warning" : " warnings");
      why.prepend(mark, " ");
    }
    body.deleteRow(body.rows.length - 1); // as many rows as before: nothing jumps
  };
  const showRows = (rows) => {
    const body = table.tBodies[0];
    for (const message of rows) showRow(body, message);
  };

  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.textContent = paused ? "Resume" : "Pause";
      if (!paused) {
        showRows(held);
        held = [];
      }
    });
  }

  // A list stays as it is while it is read, and says how many messages it lacks.
  const fresh = document.querySelector("[data-new]");
  const showNew = (n) => {
    const text = grouped.format(n) + (n === 1 ? " new message" : " new messages");
    if (fresh.textContent !== text) fresh.textContent = text;
    fresh.hidden = n === 0;
    const said = n ? "There are new messages." : ""; // said once, and not for each number
    const status = document.querySelector("[data-new-said]");
    if (status.textContent !== said) status.textContent = said;
  };

  const after = table ? table.dataset.last : "0";
  const list = fresh ? "&since=" + fresh.dataset.since + "&" + fresh.dataset.filter : "";
  const source = new EventSource("/_page/stream?w=" + encodeURIComponent(workspace) + "&after=" + after + list);
  source.onopen = () => { live.className = "live on"; liveText.textContent = "live"; };
  source.onerror = () => { live.className = "live off"; liveText.textContent = "not connected"; };
  let last = Number(after);
  source.onmessage = (event) => {
    const update = JSON.parse(event.data);
    showStats(update.stats);
    if (fresh && update.new !== undefined) showNew(update.new);
    if (!table) return;
    const { accepted, dropped, rejected } = update.stats.messages;
    if (accepted + dropped + rejected < last) last = 0; // the workspace was emptied
    const rows = update.rows.filter((row) => row.sequence > last);
    last = Math.max(last, ...rows.map((row) => row.sequence));
    if (paused) held = held.concat(rows).slice(-table.tBodies[0].rows.length);
    else showRows(rows);
  };
  window.addEventListener("pagehide", () => source.close());
})();
