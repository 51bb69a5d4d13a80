package source

// Connection says how safe the connection to a database is.
type Connection struct {
	// Encrypted says that nobody on the network can read the rows. Protocol is the version of TLS.
	Encrypted bool   `json:"encrypted"`
	Protocol  string `json:"protocol,omitempty"`
	// Verified says what is known about the server.
	Verified Verified `json:"server_verified"`
	// Local says that the connection does not leave this machine: it is a file or a Unix socket.
	Local bool `json:"local,omitempty"`
}

// Verified says how much of a server's certificate was checked.
type Verified string

// The levels, from the least to the most.
const (
	VerifiedNothing   Verified = "no"        // the server may be anybody
	VerifiedAuthority Verified = "authority" // a known authority has signed the certificate, for any name
	VerifiedName      Verified = "name"      // and the certificate is for the name in the URL
)

// Connected is a Source that reads from a database.
type Connected interface {
	// Connection describes the connection. It is nil before there is one.
	Connection() *Connection
}

// String describes the connection in a sentence.
func (c *Connection) String() string {
	switch {
	case c.Encrypted && c.Verified == VerifiedName:
		return "encrypted with " + c.Protocol + "; the server's certificate is from a known authority and for its name"
	case c.Encrypted && c.Verified == VerifiedAuthority:
		return "encrypted with " + c.Protocol + "; the server's certificate is from a known authority, but its name was not compared: sslmode=verify-full does that"
	case c.Local && !c.Encrypted:
		return "on this machine, without a network"
	case c.Encrypted:
		return "encrypted with " + c.Protocol + ", but the server was not verified: sslmode=verify-full, with sslrootcert=FILE for an authority of your own, verifies the server"
	}
	return "not encrypted: others on the network can read and change the rows; sslmode=verify-full requires an encrypted connection to a verified server"
}
