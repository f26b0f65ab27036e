package main

import (
	"bufio"
	"encoding/json"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// program is a running nethttp.
type program struct {
	cmd  *exec.Cmd
	logs *bufio.Scanner
	url  string
}

// start runs the program on a free port, against an API at apiURL.
func start(t *testing.T, apiURL string) *program {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM")
	}
	cmd := exampletest.Command(t, "-addr", "127.0.0.1:0")
	cmd.Env = append(cmd.Env,
		"CACTUS_SECRET="+cactustest.Secret, "CACTUS_API_KEY="+cactustest.APIKey, "CACTUS_API_URL="+apiURL)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &program{cmd: cmd, logs: bufio.NewScanner(stderr)}
	p.url = "http://" + p.waitFor(t, "listening")["addr"].(string)
	return p
}

// waitFor reads the log up to a message and returns that record.
func (p *program) waitFor(t *testing.T, message string) map[string]any {
	t.Helper()
	for p.logs.Scan() {
		var record map[string]any
		require.NoError(t, json.Unmarshal(p.logs.Bytes(), &record), p.logs.Text())
		if record["msg"] == message {
			return record
		}
	}
	require.FailNow(t, "the program ended before it logged "+message)
	return nil
}

// stop has the program shut down and waits for its end.
func (p *program) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.waitFor(t, "stopped")
	require.NoError(t, p.cmd.Wait())
}

func TestNetHTTP_AnswersARunningEventBeforeItStops(t *testing.T) {
	api := cactustest.NewAPI(cactustest.APIKey)
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(asked) })
		<-release
		api.ServeHTTP(w, r)
	}))
	defer slow.Close()
	p := start(t, slow.URL)

	var res *cactustest.Response
	var group sync.WaitGroup
	group.Go(func() { res = cactustest.Post(t, p.url+"/webhooks", cactustest.ThinBodies()[0]) })
	<-asked
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.waitFor(t, "shutting down")
	close(release)
	group.Wait()

	require.NotNil(t, res)
	require.Equal(t, http.StatusOK, res.Status)
	require.Equal(t, "ord_452", p.waitFor(t, "order shipped")["order"])
	p.waitFor(t, "stopped")
	require.NoError(t, p.cmd.Wait())
}

func TestNetHTTP_RefusesForgeriesAndIgnoresTheRest(t *testing.T) {
	api := cactustest.NewServer(t)
	p := start(t, api.URL)
	bodies := cactustest.ThinBodies()

	require.Equal(t, http.StatusUnauthorized, cactustest.Post(t, p.url+"/webhooks", bodies[0], cactustest.Forged()).Status)
	p.waitFor(t, "webhook refused")
	require.Equal(t, http.StatusOK, cactustest.Post(t, p.url+"/webhooks", bodies[3]).Status)
	require.Equal(t, true, p.waitFor(t, "event of no interest")["known"])
	require.Equal(t, http.StatusNotFound, cactustest.Post(t, p.url+"/", bodies[0]).Status)
	require.Empty(t, api.Requests())

	api.Fail(1, http.StatusInternalServerError, 0)
	require.Equal(t, http.StatusOK, cactustest.Post(t, p.url+"/webhooks", bodies[2]).Status)
	require.Equal(t, "Boulder", p.waitFor(t, "order lost")["city"])
	p.stop(t)
}

func TestNetHTTP_CurlOfThePackageComment(t *testing.T) {
	for _, tool := range []string{"bash", "openssl", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CACTUS_CI") != "" {
				t.Fatal(err) // .ci/run installs it
			}
			t.Skip(err)
		}
	}
	p := start(t, "http://127.0.0.1:1") // nothing may be pulled
	_, script, ok := strings.Cut(packageComment(t), "nothing\nis pulled:\n")
	require.True(t, ok)
	require.Equal(t, 1, strings.Count(script, "http://localhost:8080"))
	script = strings.Replace(script, "http://localhost:8080", p.url, 1)

	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Env = append(os.Environ(), "CACTUS_SECRET="+cactustest.Secret)
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "HTTP/1.1 200 OK")
	require.Equal(t, "Boulder", p.waitFor(t, "order lost")["city"])
	p.stop(t)
}

func packageComment(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	return file.Doc.Text()
}

func TestNetHTTP_DoesNotStartWithoutItsSecrets(t *testing.T) {
	tests := []struct {
		name, secret, key, want string
	}{
		{"secret", "", "key", "secret is empty"},
		{"key", cactustest.Secret, "", "CACTUS_API_KEY is not set"},
		{"address", cactustest.Secret, "key", "listen tcp"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exampletest.Command(t, "-addr", "127.0.0.1:-1")
			cmd.Env = append(cmd.Env, "CACTUS_SECRET="+tt.secret, "CACTUS_API_KEY="+tt.key)
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), tt.want)
		})
	}
}
