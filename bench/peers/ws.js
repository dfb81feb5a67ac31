// node ws: the library's own way to broadcast.
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => {
  console.log(server.address().port);
});
const pad = JSON.stringify({ pad: 'x'.repeat(Number(process.argv[2])) });
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  for (let n = 0; n < Number(line); n++) {
    for (const client of server.clients) client.send(pad);
    await new Promise(setImmediate);
  }
}).on('close', () => process.exit(0));
