// Command analysis makes index/query/japanese/analysis.dict, the dictionary of
// the morphological analysis, from the IPA dictionary of kagome:
//
//	ipa=$(go mod download -json github.com/ikawaha/kagome-dict/ipa@v1.2.0 | jq -r .Dir)
//	go run ./packaging/language/analysis --ipa $ipa/ipa.dict \
//	    --words index/query/japanese/jmdict.tsv.gz --out index/query/japanese/analysis.dict
//
// Half of the IPA dictionary are names of people and firms, and a third of its
// bytes are readings. No question about a picture needs them; they cost memory
// and hide words (木の下 is also a family). Kept are all other words, with what
// inflection needs, and places that the word table translates.
package main
