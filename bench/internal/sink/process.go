package sink

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Addresses are the addresses of a Sink that runs in a process of its own.
type Addresses struct {
	Plain string `json:"plain"` // http://
	TLS   string `json:"tls"`   // https://, HTTP/2 and HTTP/1.1
	CA    string `json:"ca"`    // the certificate to trust, as PEM
}

// Serve listens on two ports of the loopback interface and prints the Addresses as one line of JSON. Then it executes one command a line:
// reset; delay with a duration, for which every later answer waits; and counts, which prints the Counts. It returns when commands ends.
func Serve(commands io.Reader, answers io.Writer) error {
	s := New()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	encrypted, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cert, ca, err := certificate()
	if err != nil {
		return err
	}
	server, secure := s.Server(), s.Server()
	secure.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	defer server.Close()
	defer secure.Close()
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(plain) }()
	go func() { failed <- secure.ServeTLS(encrypted, "", "") }()

	out := json.NewEncoder(answers)
	if err := out.Encode(Addresses{"http://" + plain.Addr().String(), "https://" + encrypted.Addr().String(), ca}); err != nil {
		return err
	}
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		select {
		case err := <-failed:
			return err
		default:
		}
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "reset":
			s.Reset()
			err = out.Encode(Counts{})
		case "delay":
			var d time.Duration
			if d, err = time.ParseDuration(argument); err == nil {
				s.SetDelay(d)
				err = out.Encode(Counts{})
			}
		case "counts":
			err = out.Encode(s.Counts())
		default:
			err = fmt.Errorf("unknown command %q", lines.Text())
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// certificate returns a new self-signed certificate for 127.0.0.1.
func certificate() (cert tls.Certificate, ca string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return cert, "", err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// Process is a Sink in a process of its own.
type Process struct {
	Addresses
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// Start starts the executable with arguments that make it call Serve.
func Start(executable string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(executable, args...)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.out.Decode(&p.Addresses); err != nil {
		p.Stop()
		return nil, fmt.Errorf("the sink did not start: %w", err)
	}
	return p, nil
}

// Reset makes the Sink forget what it has received.
func (p *Process) Reset() error {
	_, err := p.command("reset")
	return err
}

// SetDelay makes every later answer wait that long.
func (p *Process) SetDelay(d time.Duration) error {
	_, err := p.command("delay " + d.String())
	return err
}

// Counts returns what the Sink has received.
func (p *Process) Counts() (Counts, error) { return p.command("counts") }

func (p *Process) command(line string) (c Counts, err error) {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return c, err
	}
	return c, p.out.Decode(&c)
}

// Stop ends the process.
func (p *Process) Stop() error {
	p.in.Close()
	return p.cmd.Wait()
}

// Client returns an HTTP client that trusts the Sink's certificate. http2 selects the protocol over TLS. Without reuse, every request opens
// a connection.
func Client(ca string, http2, reuse bool) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca))
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: http2, MaxIdleConnsPerHost: 64, DisableKeepAlives: !reuse}
	return &http.Client{Transport: t}
}
