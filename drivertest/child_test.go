package drivertest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/sqlstore"
)

// With these in its environment the test binary is a receiver instead, which
// reads "number event" a line and writes "number status" when it is done.
const (
	childDriver = "CACTUS_TEST_CHILD"
	childDSN    = "CACTUS_TEST_DSN"
)

// killedLease is for how long an event waits whose receiver was killed.
const killedLease = 300 * time.Millisecond

func child() {
	driver := os.Getenv(childDriver)
	dialect := sqlstore.SQLite
	if driver == "pgx" {
		dialect = sqlstore.PostgreSQL
	}
	db, err := sql.Open(driver, os.Getenv(childDSN))
	if err != nil {
		panic(err)
	}
	r, deliver := flaky(db, dialect), deliver
	if os.Getenv(childFollows) != "" {
		r, deliver = following(db, dialect), deliverNumbered
	}
	if os.Getenv(childServes) != "" {
		serve(db, dialect, r)
		return
	}
	var mu sync.Mutex
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var number int
		var event string
		if _, err := fmt.Sscan(lines.Text(), &number, &event); err != nil {
			panic(err)
		}
		go func() {
			status, _ := deliver(context.Background(), r, event)
			mu.Lock()
			defer mu.Unlock()
			fmt.Println(number, status)
		}()
	}
}

// flaky receives with an effect in the claim's transaction, and fails one time
// in ten before it.
func flaky(db *sql.DB, dialect sqlstore.Dialect) *cactus.Registry {
	store := sqlstore.NewDedupe(db, dialect)
	return receiver(store, killedLease, func(ctx context.Context, id string) error {
		if rand.IntN(10) == 0 {
			return errors.New("the printer is offline")
		}
		return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
	})
}

// process is a receiver that can be killed.
type process struct {
	cmd *exec.Cmd
	in  io.Writer

	mu      sync.Mutex
	dead    bool
	number  int
	waiting map[int]chan int
}

// spawn starts a receiver, with more in its environment.
func spawn(t *testing.T, driver, dsn string, more ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDriver+"="+driver, childDSN+"="+dsn), more...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{cmd: cmd, in: in, waiting: map[int]chan int{}}
	go p.read(out)
	return p
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var number, status int
		if _, err := fmt.Sscan(lines.Text(), &number, &status); err != nil {
			continue // cut off by the kill
		}
		p.mu.Lock()
		p.waiting[number] <- status
		delete(p.waiting, number)
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	for _, w := range p.waiting {
		w <- 0
	}
}

// deliver returns the status, or 0 if the process died over it.
func (p *process) deliver(event string) int {
	answer := make(chan int, 1)
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return 0
	}
	p.number++
	p.waiting[p.number] = answer
	_, _ = fmt.Fprintln(p.in, p.number, event)
	p.mu.Unlock()
	return <-answer
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
