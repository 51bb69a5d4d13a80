package c2sp

// The numbers of this file are from public documents and implementations:
//
//   - the examples of https://c2sp.org/signed-note, tlog-checkpoint and
//     tlog-proof (github.com/C2SP/C2SP, commit 5ba5ee83)
//   - the path and the root of a public log of 76,959 entries, from the tests
//     of Project Oak (github.com/project-oak/oak, TEST_REAL_PROOF_HASHES)
//   - the eight leaves and their roots of the first Certificate Transparency
//     implementation (github.com/transparency-dev/merkle, testonly)

const documentVerifier = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

const documentNote = "This is an example message.\n" +
	"\n" +
	"— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

const documentCheckpoint = "example.com/behind-the-sofa\n" +
	"20852163\n" +
	"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

const documentCheckpointSignature = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

// The document's example has signatures that are cut short.
const (
	documentExtra = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"
	documentIndex = 73894
	documentPath  = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n" +
		"B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n" +
		"EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n" +
		"RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n" +
		"AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
	documentProof = "c2sp.org/tlog-proof@v1\n" +
		"index 73894\n" +
		documentPath +
		"\n" +
		"example.com/fancylog\n" +
		"109482\n" +
		"sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n" +
		"\n" +
		"— example.com/fancylog hI2DJw==\n" +
		"— witness1.example mJirIklj\n"
)

const (
	publicEntry = "hello tesseroak\n"
	publicIndex = 76958
	publicSize  = 76959
	publicRoot  = "QYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY="
	publicPath  = "fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=\n" +
		"F6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=\n" +
		"qH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=\n" +
		"+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=\n" +
		"vq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=\n" +
		"J0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=\n" +
		"NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=\n" +
		"L8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=\n" +
		"pva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc=\n"
)

var firstLeaves = []string{"", "\x00", "\x10", "\x20\x21", "\x30\x31", "\x40\x41\x42\x43",
	"\x50\x51\x52\x53\x54\x55\x56\x57", "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"}

// firstRoots[n] is the hash of the tree of the first n leaves, in hexadecimal.
var firstRoots = []string{
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

// fifthPath is the path of leaf 5 in the tree of eight, in hexadecimal.
var fifthPath = []string{
	"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
	"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
}
