// Loaded into the gateway by `npm start`: should the starter be killed with -9, the gateway drains and leaves too.
const parent = process.ppid;
const timer = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(timer);
  process.kill(process.pid, 'SIGTERM');
}, 1000);
timer.unref();
