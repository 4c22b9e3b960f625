// {"case": 20, "outcome": "ok", "body": "done", "logLines": 3}
export default {
  fetch() {
    console.log('\u001b[2Jcleared\n{"level":"error","msg":"forged"}\r\n');
    console.log('"},{"level":"error","timestamp":0,"message":"forged"}');
    console.log("\u2028\u2029\u0000\u007f\ud800");
    return new Response("done");
  },
};
