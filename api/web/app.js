// The page at /: talks to the public API alone, and keeps the key in this tab (sessionStorage).

const $ = (id) => document.getElementById(id);
const KEY = "footnote-key";
const MARKS = { quoted: "❝ quoted", supported: "✓ supported", contradicted: "✗ contradicted", unsupported: "? unsupported" };
const REASONS = {
  empty_collection: "The collection holds no documents yet.",
  no_relevant_passage: "No passage answers the question.",
  unsupported_language: "The question is in a language that the models cannot read; they read English.",
  low_confidence: "Passages were found, but none answers surely enough.",
  no_answer_in_passages: "The language model found no answer in the passages.",
  unsupported_answer: "The passages did not support what was written.",
};
const CONTEXT = 600; // characters shown before and after a quoted passage

/** An element with text (never HTML: what documents hold is not trusted) and properties. */
function make(tag, text = "", properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, properties);
}

// --- the API ---

async function call(path, options = {}) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEY)}`, ...options.headers };
  const response = await fetch(path, { ...options, headers });
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response) {
  const body = await response.json().catch(() => ({}));
  const { code = `http_${response.status}`, message = response.statusText } = body.error ?? {};
  return Object.assign(new Error(`${message} (${code})`), { status: response.status });
}

const get = async (path) => (await call(path)).json();
const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const collectionPath = (tail = "") => `/v1/collections/${encodeURIComponent($("collection").value)}${tail}`;

/** The [name, data] pairs of a stream of server-sent events. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value.replaceAll("\r", "");
    for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
      const lines = buffer.slice(0, end).split("\n");
      const field = (name) =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
      const data = field("data").join("\n");
      if (data) yield [field("event")[0] ?? "message", JSON.parse(data)];
    }
  }
}

/** POST a form with progress of the bytes sent, which fetch cannot tell. */
function send(path, form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Authorization", `Bearer ${sessionStorage.getItem(KEY)}`);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Error("The service cannot be reached."));
    request.onload = async () => {
      const response = new Response(request.responseText, { status: request.status });
      response.ok ? resolve(await response.json()) : reject(await failure(response));
    };
    request.send(form);
  });
}

// --- what every action shares ---

function complain(error) {
  if (error.status === 401) forget();
  $("problem").textContent = error instanceof TypeError ? "The service cannot be reached." : error.message;
  $("problem").hidden = false;
}

/** Run a form's action when it is submitted: one at a time, with errors shown on the page. */
function onSubmit(id, action) {
  $(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = $(id).querySelector("button");
    button.disabled = true;
    $("problem").hidden = true;
    try {
      await action();
    } catch (error) {
      complain(error);
    } finally {
      button.disabled = false;
    }
  });
}

// --- key and collections ---

function show(entered) {
  $("login").hidden = entered;
  $("work").hidden = $("who").hidden = !entered;
}

function forget() {
  sessionStorage.removeItem(KEY);
  show(false);
  $("key").focus();
}

async function loadCollections(chosen) {
  const { collections } = await get("/v1/collections");
  const before = chosen ?? $("collection").value;
  $("collection").replaceChildren(
    ...collections.map((one) => make("option", one.name, { value: one.name, selected: one.name === before })),
  );
  $("new").open = collections.length === 0;
  for (const control of document.querySelectorAll("#upload input, #upload button, #ask button"))
    control.disabled = collections.length === 0;
  await showSize();
}

async function showSize() {
  if (!$("collection").value) return ($("size").textContent = "There is none yet: create one.");
  const { documents, chunks } = await get(collectionPath());
  $("size").textContent = `${documents} documents, ${chunks} passages`;
}

async function enter() {
  await loadCollections();
  show(true);
}

// --- upload ---

async function upload() {
  const form = new FormData();
  for (const file of $("files").files) form.append("files", file, file.name);
  $("failed").replaceChildren();
  $("progress").hidden = false;
  $("job").textContent = "Sending …";
  try {
    const { job } = await send(collectionPath("/documents"), form, (share) => ($("progress").value = share));
    await follow(job);
    $("upload").reset();
  } catch (error) {
    $("job").textContent = "";
    throw error;
  } finally {
    $("progress").hidden = true;
    await loadCollections();
  }
}

async function follow(job) {
  while (job.status === "queued" || job.status === "running") {
    showJob(job);
    await new Promise((resolve) => setTimeout(resolve, 400));
    job = await get(`/v1/jobs/${job.id}`);
  }
  showJob(job);
  $("failed").replaceChildren(...job.errors.map((e) => make("li", `${e.source}: ${e.message} (${e.code})`)));
}

function showJob({ status, counts }) {
  const named = Object.entries(counts).filter(([name, count]) => name !== "total" && count);
  const done = named.filter(([name]) => name !== "quarantined").reduce((sum, [, count]) => sum + count, 0);
  $("progress").value = counts.total ? done / counts.total : 0;
  const details = named.map(([name, count]) => `${count} ${name}`).join(", ");
  $("job").textContent = `${status}: ${done} of ${counts.total} files${details && ` (${details})`}`;
}

// --- ask ---

let asked = {}; // the last question, for the passages behind its answer

async function ask() {
  asked = { collection: $("collection").value, query: $("question").value, k: 5, explain: true };
  const body = { collection: asked.collection, question: asked.query, stream: true };
  const response = await post("/v1/query", body);
  startAnswer();
  for await (const [name, data] of events(response)) {
    if (name === "error") throw new Error(`${data.error.message} (${data.error.code})`);
    if (name === "token") $("text").lastChild.append(data.text ?? data);
    if (name === "answer") showAnswer(data);
  }
}

function startAnswer() {
  $("answer").hidden = false;
  $("none").hidden = $("read").hidden = $("how").hidden = $("why").hidden = true;
  $("why").open = false;
  $("hits").replaceChildren();
  $("footnotes").replaceChildren();
  $("text").replaceChildren(make("span", "", { className: "draft" }));
}

function showAnswer(answer) {
  $("read").hidden = !answer.corrected;
  if (answer.corrected) $("read").textContent = `Results for '${answer.corrected.to}'`;
  $("text").replaceChildren(...answer.sentences.flatMap((one) => [...sentence(one, answer.citations), " "]));
  const missing = answer.abstained ? [] : answer.parts.filter((part) => !part.answered);
  $("text").append(...missing.map((part) => make("span", `Not found: ${part.question}`, { className: "missing" })));
  $("footnotes").replaceChildren(...answer.citations.map(footnote));
  $("none").hidden = !answer.abstained;
  $("none").textContent = `No answer. ${REASONS[answer.reason] ?? answer.reason ?? ""}`;
  if (answer.closest.length) $("none").append(" Not sure; the closest passages:");
  $("text").append(...answer.closest.map(closest));
  $("facts").replaceChildren(...facts(answer).flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  $("how").hidden = $("why").hidden = false;
}

/** A passage that comes near to an answer, with its best parts marked. */
function closest({ hit, spans }) {
  const inside = spans.filter((one) => one.start >= hit.start && one.end <= hit.end);
  const text = make("p");
  text.append(...marked(Array.from(hit.text), inside.map((one) => ({ start: one.start - hit.start, end: one.end - hit.start }))));
  const item = make("section", where(hit), { className: "where" });
  item.append(text);
  return item;
}

/** The passages that the question finds, asked for when somebody wants to see them. */
async function showHits() {
  if (!$("why").open || $("hits").hasChildNodes()) return;
  const { hits } = await (await post("/v1/search", asked)).json();
  $("hits").replaceChildren(...hits.map(hitItem));
}

/** A passage with the words marked that it was found by, and what each stage adds to its score. */
function hitItem(hit) {
  const parts = Object.entries(hit.explanation.parts).filter(([, part]) => part.contribution != null);
  const sum = parts.map(([name, part]) => `${name} ${part.contribution.toFixed(2)}`).join(" + ");
  const spans = hit.explanation.terms.flatMap((term) => term.spans);
  const text = make("p");
  text.append(...marked(Array.from(hit.text), spans));
  const item = make("li", `${where(hit)} `, { className: "where" });
  item.append(make("span", `(${sum} = ${hit.score.toFixed(2)})`), text);
  return item;
}

/** Text, given as code points, with each span of it marked. */
function marked(points, spans) {
  let done = 0;
  const parts = spans.sort((a, b) => a.start - b.start).flatMap(({ start, end }) => {
    const before = points.slice(done, start).join("");
    done = end;
    return [before, make("mark", points.slice(start, end).join(""))];
  });
  return [...parts, points.slice(done).join("")];
}

/** A sentence with a button for each marker and a mark for its verdict. */
function sentence({ text, verdict }, citations) {
  const parts = text.split(/\s*\[(\d+)\]/).map((part, index) => (index % 2 ? marker(Number(part), citations) : part));
  if (!verdict) return parts;
  const title = `The checker gives this ${percent(verdict.probability)}.`;
  return [...parts, make("span", MARKS[verdict.label], { className: `verdict ${verdict.label}`, title })];
}

function marker(number, citations) {
  const citation = citations.find((one) => one.marker === number);
  if (!citation) return `[${number}]`;
  const label = `Footnote ${number}: ${citation.source}`;
  return make("button", `[${number}]`, { type: "button", className: "marker", ariaLabel: label, onclick: () => open(citation) });
}

function footnote(citation) {
  const item = make("li");
  const body = make("div");
  body.append(make("q", citation.quote), make("span", where(citation), { className: "where" }));
  item.append(marker(citation.marker, [citation]), body);
  return item;
}

function where({ source, page, headings }) {
  const place = [page && `page ${page}`, headings?.length && headings.join(" › ")].filter(Boolean);
  return [source, ...place].join(", ");
}

function facts({ route, timings_ms: timings }) {
  const steps = route.map(({ step, model, confidence, taken, reason }) => [
    step,
    [model, confidence != null && percent(confidence), taken ? "taken" : "not taken", reason].filter(Boolean).join(", "),
  ]);
  return [...steps, ...Object.entries(timings).map(([stage, ms]) => [stage, `${ms.toFixed(ms < 10 ? 1 : 0)} ms`])];
}

const percent = (share) => `${Math.round(share * 100)} %`;

/** Show the quoted passage in its context. Offsets count code points, where JavaScript counts UTF-16 units. */
async function open(citation) {
  try {
    const { text } = await get(`/v1/documents/${encodeURIComponent(citation.document_id)}/content`);
    const points = Array.from(text);
    const cut = (from, to) => points.slice(Math.max(0, from), to).join("");
    const { start, end } = citation;
    $("passage-title").textContent = citation.title || citation.source;
    $("passage-where").textContent = where(citation);
    const before = `${start > CONTEXT ? "… " : ""}${cut(start - CONTEXT, start)}`;
    const after = `${cut(end, end + CONTEXT)}${end + CONTEXT < points.length ? " …" : ""}`;
    $("passage-text").replaceChildren(before, make("mark", cut(start, end)), after);
    $("passage").showModal();
    $("passage-text").querySelector("mark").scrollIntoView({ block: "center" });
  } catch (error) {
    complain(error);
  }
}

// --- start ---

onSubmit("login", async () => {
  sessionStorage.setItem(KEY, $("key").value.trim());
  $("key").value = "";
  await enter();
});
onSubmit("create", async () => {
  const name = $("name").value;
  await post("/v1/collections", { name });
  await loadCollections(name);
  $("create").reset();
});
onSubmit("upload", upload);
onSubmit("ask", ask);
$("why").addEventListener("toggle", () => showHits().catch(complain));
$("forget").addEventListener("click", forget);
$("collection").addEventListener("change", () => showSize().catch(complain));
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});

sessionStorage.getItem(KEY) ? enter().catch(complain) : show(false);
