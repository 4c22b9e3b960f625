// {"case": 2, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
// Many short turns: CPU adds up over turns.
export default {
  fetch() {
    const burn = () => { for (let i = 0, s = 0; i < 300000; i++) s += i; setTimeout(burn, 0); };
    burn();
    return new Promise(() => {});
  },
};
