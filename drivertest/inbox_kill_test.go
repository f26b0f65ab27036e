package drivertest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/sqlstore"
)

// With childServes in its environment too, the child serves an inbox over HTTP
// instead, and writes its URL in a line.
const childServes = "CACTUS_TEST_SERVES"

func serve(db *sql.DB, dialect sqlstore.Dialect, r *cactus.Registry) {
	in := newReplica(db, dialect, r, killedLease)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() { panic(in.Run(context.Background())) }()
	panic(http.Serve(listener, in.Handler("shop")))
}

// server is a child that serves.
type server struct {
	cmd *exec.Cmd
	url string
}

func spawnServer(t *testing.T, driver, dsn string) *server {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDriver+"="+driver, childDSN+"="+dsn, childServes+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the child's URL")
	return &server{cmd, strings.TrimSpace(line)}
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// answered sends new events until it is stopped, some at a time and each of them
// once or twice, and takes down which were answered with 202.
type answered struct {
	url func() string

	group    sync.WaitGroup
	stopping atomic.Bool
	sent     atomic.Int64
	mu       sync.Mutex
	accepted map[string]bool
	n        atomic.Int64 // accepted
}

func (a *answered) start(t *testing.T) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	for range senders {
		a.group.Go(func() {
			for !a.stopping.Load() {
				id := fmt.Sprintf("evt_%d", a.sent.Add(1))
				for range 1 + rand.IntN(5)/4 {
					a.send(t, client, id)
				}
			}
		})
	}
}

func (a *answered) send(t *testing.T, client *http.Client, id string) {
	t.Helper()
	resp, err := client.Do(signed(t, context.Background(), a.url(), id))
	if err != nil {
		time.Sleep(5 * time.Millisecond) // nobody is there
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusAccepted {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.accepted[id] = true
		a.n.Add(1)
	}
}

// A request that was answered with 202 is handled, although its process is killed
// with SIGKILL at any moment. The effect is in the claim's transaction.
func TestInbox_KeepsWhatItAnsweredWhileTheProcessIsKilled(t *testing.T) {
	for _, d := range databases {
		if d.name == "ncruces" {
			continue // the same database, of the same files
		}
		t.Run(d.name, func(t *testing.T) {
			kills := 20
			if testing.Short() {
				kills = 3
			}
			dsn := d.dsn(t)
			db := d.open(t, dsn)
			migrated(t, db, d.dialect)
			require.NoError(t, sqlstore.NewInbox(db, d.dialect).Migrate(t.Context()))
			var current atomic.Pointer[server]
			current.Store(spawnServer(t, d.driver, dsn))
			defer func() { current.Load().kill() }()
			a := answered{url: func() string { return current.Load().url }, accepted: map[string]bool{}}
			a.start(t)
			for range kills {
				for before := a.n.Load(); a.n.Load() < before+5; {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
				current.Load().kill()
				current.Store(spawnServer(t, d.driver, dsn))
			}
			a.stopping.Store(true)
			a.group.Wait()
			requireEmpty(t, db, d.dialect)

			got := effects(t, db)
			for id := range a.accepted {
				require.Equal(t, 1, got[id], "%s was answered with 202", id)
			}
			for id, n := range got {
				require.Equal(t, 1, n, "%s", id)
			}
			t.Logf("%d events sent, %d answered with 202, %d effects", a.sent.Load(), len(a.accepted), len(got))
		})
	}
}
