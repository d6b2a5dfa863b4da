// Health check of a container: whether the service in it says that it is ready.
const answer = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}/readyz`).catch((error) => ({
  ok: false,
  text: () => String(error.cause ?? error),
}));
process.stdout.write(`${await answer.text()}\n`);
process.exit(answer.ok ? 0 : 1);
