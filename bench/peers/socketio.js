// socket.io over websocket alone: encodes a packet once per broadcast.
const http = require('http').createServer();
const io = new (require('socket.io').Server)(http, { transports: ['websocket'], perMessageDeflate: false });
http.listen(0, '127.0.0.1', () => console.log(http.address().port));
const pad = 'x'.repeat(Number(process.argv[2]));
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  for (let n = 0; n < Number(line); n++) {
    io.emit('e', { pad });
    await new Promise(setImmediate);
  }
}).on('close', () => process.exit(0));
