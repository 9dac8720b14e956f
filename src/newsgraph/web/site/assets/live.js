// A stream of the newsroom over graphql-transport-ws, resumed from its last cursor whenever the socket was lost.

const PROTOCOL = "graphql-transport-ws";
const LONGEST = 30_000; // milliseconds between two attempts

// `tell` is given "live" or "lost", `happen` each event. Returns what ends it.
export function follow({ query, variables, field, token, happen, tell = () => {} }) {
  let socket, timer, tries = 0, ended = false;

  async function open() {
    const authorization = await token().catch(() => null);
    if (ended) return;
    socket = new WebSocket(new URL("/graphql", location.href.replace(/^http/, "ws")), PROTOCOL);
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () =>
      send({ type: "connection_init", payload: authorization ? { authorization: `Bearer ${authorization}` } : {} });
    socket.onmessage = ({ data }) => receive(JSON.parse(data), send);
    socket.onclose = again;
  }

  function receive(message, send) {
    if (message.type === "ping") send({ type: "pong" });
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: { query, variables } });
    if (message.type === "error" || message.type === "complete") socket.close(1000);
    const event = message.type === "next" && message.payload.data?.[field];
    if (!event) return;
    variables = { ...variables, after: event.cursor };
    if (event.__typename === "StreamReady") {
      tries = 0;
      tell("live");
    } else happen(event);
  }

  // The server may say in the reason when to come back.
  function again({ reason }) {
    if (ended) return;
    tell("lost");
    const hint = /retry in (\d+) ms/.exec(reason)?.[1];
    tries += 1;
    timer = setTimeout(open, hint ? Number(hint) : Math.random() * Math.min(LONGEST, 500 * 2 ** tries));
  }

  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close(1000);
  };
}
