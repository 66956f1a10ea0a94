"""Asks URL's host without a pause until /tmp/stop-NAME is there: load.py NAME new|keep HOST PORT TIMEOUT.
Prints one line of JSON: how many were asked, who answered how often, and each failure with when it began and ended."""
import http.client, json, os, sys, time

name, mode, host, port, timeout = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
stop = f"/tmp/stop-{name}"
asked, answered, failures, slowest = 0, {}, [], 0.0
connection = None
open(f"/tmp/runs-{name}", "w").close()
while not os.path.exists(stop):
    began = time.time()
    fresh = connection is None
    try:
        if connection is None:
            connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.request("GET", "/")
        response = connection.getresponse()
        who = response.read().decode()
        answered[who] = answered.get(who, 0) + 1
        if mode == "new" or response.will_close:
            connection.close()
            connection = None
    except OSError as error:
        failures.append({"at": began, "until": time.time(), "fresh": fresh, "why": f"{type(error).__name__} {error}"})
        connection = None
    except http.client.HTTPException as error:
        failures.append({"at": began, "until": time.time(), "fresh": fresh, "why": type(error).__name__})
        connection = None
    asked += 1
    slowest = max(slowest, time.time() - began)
    time.sleep(0.004)
os.unlink(stop)
print(json.dumps({"asked": asked, "answered": answered, "failures": failures, "slowest": slowest}), flush=True)
