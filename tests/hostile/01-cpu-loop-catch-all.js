// {"case": 1, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
// Nothing of the script runs once it is terminated: no catch, no finally, no promise reaction, no timer.
function spin() { try { for (;;); } catch { spin(); } finally { console.log("finally ran"); spin(); } }
export default {
  async fetch() {
    setTimeout(() => console.log("timer ran"), 0);
    Promise.resolve().then(spin).finally(() => console.log("reaction ran"));
    await 0;
    spin();
  },
};
