package webhook

const (
	maxFlights = 8    // fetches that run at once
	maxWaiting = 256  // certificates that wait for one
	maxAsked   = 4096 // certificates whose number of messages is remembered
)

// certTurns says which certificate is fetched next when messages name more than may
// be fetched at a time. Whether a message is genuine is not known before that, and
// making names up costs nothing. But every message of a topic names the same
// certificate. So the one that most messages have named goes first, those included
// that have given up, and of equals the newest: to stay before the genuine one, a
// flood would have to name each of its own as often, and so would run out of names
// faster than they are fetched. It is not safe for concurrent use.
type certTurns struct {
	running int
	serial  uint64
	asked   map[string]int
}

// certTurn is the place of one certificate.
type certTurn struct {
	asks       int    // messages that have named it
	last       uint64 // when the newest of them came
	waiters    int
	started    bool
	privileged bool // it has signed messages of ours, so it waits for nobody
	start      func()
}

// ask counts one more message.
func (t *certTurns) ask(certURL string, turn *certTurn) {
	t.serial++
	t.asked[certURL]++
	turn.asks, turn.last = t.asked[certURL], t.serial
	for len(t.asked) > maxAsked { // forget those that were named once, and half of the rest
		for u, n := range t.asked {
			if t.asked[u] = n / 2; n < 2 {
				delete(t.asked, u)
			}
		}
	}
}

// next returns the flight to start, nil if none may or need be started.
func (t *certTurns) next(flights map[string]*certFlight) (best *certFlight) {
	for _, f := range flights {
		switch {
		case f.started || f.waiters == 0:
		case f.privileged:
			return f
		case t.running < maxFlights && (best == nil || f.before(&best.certTurn)):
			best = f
		}
	}
	return best
}

func (t *certTurn) before(other *certTurn) bool {
	if t.asks != other.asks {
		return t.asks > other.asks
	}
	return t.last > other.last
}

// worst returns the flight that makes room for another when too many wait.
func (t *certTurns) worst(flights map[string]*certFlight) (certURL string, crowded bool) {
	waiting := 0
	for u, f := range flights {
		if f.started {
			continue
		}
		if waiting++; waiting == 1 || flights[certURL].before(&f.certTurn) {
			certURL = u
		}
	}
	return certURL, waiting >= maxWaiting
}

func (t *certTurns) begin(turn *certTurn) {
	if turn.started = true; !turn.privileged {
		t.running++
	}
}

func (t *certTurns) end(certURL string, turn *certTurn) {
	delete(t.asked, certURL)
	if !turn.privileged {
		t.running--
	}
}
