// The operator's page: the scan field keeps the focus, changes are heard, contact is watched.
"use strict";
(() => {
  const SILENCE_MS = 12000; // the server says something every 3 s; ours
  const byId = (id) => document.getElementById(id);
  const field = byId("line");
  const answer = byId("answer");
  const help = byId("help");
  const epoch = document.querySelector("meta[name=epoch]").content;

  // --- the focus: a barcode scanner is a keyboard

  const isOurs = (element) => element && element.closest("button, a, input, select, label, summary, dialog");
  const takeFocus = () => { if (!help.open) field.focus({ preventScroll: true }); };
  document.addEventListener("click", (event) => { if (!isOurs(event.target)) takeFocus(); });
  document.addEventListener("keydown", (event) => {
    const isMark = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isMark && document.activeElement !== field) {
      if (help.open) help.close();
      if (!(event.key === " " && isOurs(document.activeElement))) takeFocus();
    }
    wakeSound();
  }, true);
  document.addEventListener("pointerdown", () => wakeSound(), true);
  field.addEventListener("blur", () => setTimeout(() => {
    if (document.hasFocus() && (!document.activeElement || document.activeElement === document.body)) takeFocus();
  }, 0));
  window.addEventListener("focus", takeFocus);
  help.addEventListener("close", takeFocus);

  // --- what is scanned: one after the other, none is lost

  let chosen = null;
  let last = Promise.resolve();
  const tell = (text, kind, more) => {
    answer.className = kind;
    answer.textContent = text;
    if (more) {
      const next = document.createElement("span");
      next.textContent = " " + more;
      answer.append(next);
    }
  };
  const post = async (path, fields) => {
    let response;
    try {
      response = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { accept: "application/json" } });
    } catch {
      tell("Not done: no contact with the station.", "bad", "Do it again when there is.");
      return;
    }
    const said = await response.json().catch(() => ({}));
    if (!response.ok) {
      tell(said.message || "Not done.", "bad", said.code ? `${said.next} [${said.code}]` : "Load the page anew.");
      sound("refused");
      return;
    }
    if (path === "/station/say") chosen = said.slot ?? null;
    if (said.help) help.showModal();
    tell(said.message || "", "good");
  };
  const inTurn = (path, fields) => { last = last.then(() => post(path, fields())); };
  byId("scan").addEventListener("submit", (event) => {
    event.preventDefault();
    const line = field.value.trim();
    field.value = "";
    takeFocus();
    if (line) {
      tell(`${line} ...`, "");
      inTurn("/station/say", () => (chosen === null ? { line } : { line, slot: chosen }));
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "scan") return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form, event.submitter));
    post(form.getAttribute("action"), fields); // a scan does not wait for it
    takeFocus();
  });

  // --- sounds: rising for PASS, falling for FAIL, and another for ERROR

  const TUNES = {
    pass: [[660, 0, 0.12], [990, 0.13, 0.25]],
    fail: [[330, 0, 0.25], [220, 0.27, 0.5]],
    error: [[440, 0, 0.12], [440, 0.2, 0.12], [440, 0.4, 0.3]],
    refused: [[180, 0, 0.2]],
  };
  let context = null;
  const wakeSound = () => { // browsers make no sound before somebody has touched something
    if (!window.AudioContext) return;
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
  };
  const sound = (name) => {
    document.documentElement.dataset.sound = name; // what was played last
    if (!context || context.state !== "running") return;
    for (const [hertz, at, length] of TUNES[name]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const begin = context.currentTime + at;
      tone.type = name === "pass" ? "sine" : "square";
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.2, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + length);
      tone.connect(volume).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + length);
    }
  };

  // --- what changes, and whether anything is heard at all

  const faces = new Map();
  const faceOf = (slot) => {
    const card = slot.querySelector(".card");
    return card ? { face: card.dataset.face, run: card.dataset.run, said: card.dataset.said } : null;
  };
  for (const slot of document.querySelectorAll(".slot")) faces.set(slot.id, faceOf(slot));
  let heardAt = Date.now();
  const heard = () => { heardAt = Date.now(); byId("lost").hidden = true; document.body.classList.remove("lost"); };
  const lost = () => { byId("lost").hidden = false; document.body.classList.add("lost"); };
  document.body.addEventListener("htmx:sseMessage", (event) => {
    heard();
    const target = event.target;
    if (target.id === "beat" && target.textContent.trim() !== epoch) {
      location.reload(); // the server was started anew: its slots may be others
      return;
    }
    if (!target.classList.contains("slot")) return;
    const before = faces.get(target.id);
    const now = faceOf(target);
    faces.set(target.id, now);
    if (!now || !before || (now.face === before.face && now.run === before.run)) return;
    if (now.said) byId("said").textContent = now.said;
    if (TUNES[now.face]) sound(now.face);
  });
  document.body.addEventListener("htmx:sseOpen", heard);
  document.body.addEventListener("htmx:sseError", lost);
  document.body.addEventListener("htmx:sseClose", lost);
  setInterval(() => { if (Date.now() - heardAt > SILENCE_MS) lost(); }, 1000);
  takeFocus();
})();
