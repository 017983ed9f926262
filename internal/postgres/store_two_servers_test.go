package postgres_test

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/market"
	"purser/internal/wallet"
)

const (
	// Each server has as many clients; a client sends its next request when the one
	// before it is answered, by whichever server.
	serverClients  = 16
	clientRequests = 60
	// serverKills is how often a server is killed, each time in the middle of what
	// it is doing, and started again.
	serverKills = 3
)

// fleet is two servers behind one address, as their clients see them.
type fleet struct {
	mu      sync.Mutex
	servers [2]*serverProcess
	next    atomic.Int32
	deaths  atomic.Int32 // answers that clients waited for in vain
}

func (f *fleet) server(i int) *serverProcess {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.servers[i]
}

// ask sends a request until a server answers it: what a careful client does with its
// idempotency key.
func (f *fleet) ask(request int) answered {
	for {
		answer, err := f.server(int(f.next.Add(1)) % 2).ask(request)
		if err == nil {
			return answer
		}
		f.deaths.Add(1)
	}
}

// TestTwoServersOneKilled runs two server processes on one database, whose clients
// send every request until it is answered, and kills one or the other several times in
// mid-load. What was acknowledged is journalled exactly once, and nothing else is.
func TestTwoServersOneKilled(t *testing.T) {
	t.Parallel()
	const requests = 2 * serverClients * clientRequests
	d := newDesk(t, requests)
	task, err := json.Marshal(childTask{URL: d.pg.AppURL, Book: d.Book, Wallet: d.wallet.String()})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{servers: [2]*serverProcess{startServer(t, string(task)), startServer(t, string(task))}}

	answers := make([]answered, requests)
	var done atomic.Int32
	progress := make(chan struct{}, requests)
	var clients sync.WaitGroup
	for client := range 2 * serverClients {
		clients.Go(func() {
			for n := range clientRequests {
				request := client*clientRequests + n
				answers[request] = f.ask(request)
				done.Add(1)
				progress <- struct{}{}
			}
		})
	}
	inFlight := 0
	for kill := range serverKills {
		for int(done.Load()) < (kill+1)*requests/(serverKills+2) {
			<-progress
		}
		victim := f.server(kill % 2)
		inFlight += victim.pendingRequests()
		victim.kill(t)
		f.mu.Lock()
		f.servers[kill%2] = startServer(t, string(task))
		f.mu.Unlock()
	}
	clients.Wait()
	for i := range f.servers {
		f.server(i).end(t)
	}
	if inFlight == 0 || f.deaths.Load() == 0 {
		t.Error("the servers were idle when they were killed; this test needs load")
	}
	t.Logf("%d requests were in flight at the kills, %d answers never came", inFlight, f.deaths.Load())
	d.wantAnswers(t, answers)
}

// wantAnswers checks that every request was accepted and is one journal: the one
// that its client was told, at the seq it was told.
func (d *desk) wantAnswers(t *testing.T, answers []answered) {
	t.Helper()
	snapshot := d.snapshot(t, d.Book)
	for _, err := range snapshot.Check(market.Rules()) {
		t.Error(err)
	}
	seqs := map[string]int64{}
	for _, j := range snapshot.Journals {
		if j.Template == wallet.TemplateSpend {
			seqs[j.ID.String()] = j.Seq
		}
	}
	told := map[string]int{}
	for request, answer := range answers {
		if answer.Err != "" || answer.Refusal != "" {
			t.Errorf("request %d got %+v, want it accepted", request, answer)
			continue
		}
		if first, twice := told[answer.Journal]; twice {
			t.Errorf("requests %d and %d were told of one journal %s", first, request, answer.Journal)
		}
		told[answer.Journal] = request
		if seq, stored := seqs[answer.Journal]; !stored || seq != answer.Seq {
			t.Errorf("request %d was told of journal %s at seq %d, which is stored at %d", request, answer.Journal, answer.Seq, seq)
		}
	}
	if len(seqs) != len(answers) {
		t.Errorf("%d requests are %d journals", len(answers), len(seqs))
	}
	if snapshot.Seq != int64(2+len(answers)) {
		t.Errorf("the book is at seq %d, want %d", snapshot.Seq, 2+len(answers))
	}
}
