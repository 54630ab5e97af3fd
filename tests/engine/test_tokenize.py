"""Tokens without torch: the same as AutoTokenizer's, on each way of writing a tokenizer."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import (
    Regex,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from tokenizers import Tokenizer as Rust
from transformers import AutoTokenizer

from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError

CORPUS = ["This agreement is governed by the laws of Delaware.\nType: law"] * 4 + [
    "é ß 漢字 🙂 tab\t"
]
TEXTS = [
    "This agreement is governed by Ohio law.",
    "Type:",
    "",
    " leading",
    "trailing  ",
    "two\n\nlines\t",
    "é漢字🙂",
    "<s> is not special here</s>",
]
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|[^\s\p{L}\p{N}]+|\s+"


def _trained(tokenizer: Rust, **more: object) -> Rust:
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False, **more
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def gpt2() -> Rust:
    """Byte level, nothing added."""
    tokenizer = Rust(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _trained(tokenizer, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def qwen() -> Rust:
    """Byte level behind a pattern of its own and a normaliser."""
    tokenizer = Rust(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return _trained(tokenizer, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def llama3() -> Rust:
    """Byte level with a beginning-of-sequence token before every prompt."""
    tokenizer = gpt2()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def llama2() -> Rust:
    """SentencePiece style: every text begins with a word mark, and with <s>."""
    tokenizer = Rust(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first"), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return _trained(tokenizer, initial_alphabet=list(string.printable))


STYLES = {"gpt2": gpt2, "qwen": qwen, "llama3": llama3, "llama2": llama2}


@pytest.fixture(scope="module", params=STYLES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a tokenizer of one style, padding and truncation saved along."""
    path = tmp_path_factory.mktemp(request.param)
    tokenizer = STYLES[request.param]()
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(path / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    (path / "tokenizer_config.json").write_text(json.dumps(config))
    (path / "config.json").write_text(json.dumps({"model_type": "llama", "eos_token_id": 2}))
    return path


@pytest.fixture(scope="module")
def ours(saved: Path) -> Tokenizer:
    """Ours."""
    return Tokenizer(saved)


@pytest.fixture(scope="module")
def theirs(saved: Path):
    """The oracle, without the padding and truncation of a single call."""
    return AutoTokenizer.from_pretrained(saved)


@pytest.mark.parametrize("text", TEXTS)
def test_prompts_are_read_as_autotokenizer_reads_them(ours, theirs, text: str) -> None:
    """Special tokens included, nothing padded, nothing cut."""
    assert list(ours.encode(text)) == theirs(text, padding=False, truncation=False)["input_ids"]


@pytest.mark.parametrize("text", TEXTS)
def test_answers_are_written_as_autotokenizer_writes_them(ours, theirs, text: str) -> None:
    """Special tokens left out."""
    tokens = theirs(text, padding=False, truncation=False)["input_ids"]
    expected = theirs.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert ours.decode(tokens) == expected


@pytest.mark.parametrize("prompt", ["Type:", "Type: ", "Type:\n", "governed by"])
@pytest.mark.parametrize("choice", ["law", "Ohio law", "é"])
def test_a_choice_continues_its_prompt(ours, prompt: str, choice: str) -> None:
    """Prompt and choice tokens side by side read as prompt, a space unless there is one, choice."""
    tokens = ours.encode(prompt) + ours.encode_choice(prompt, choice)
    space = "" if prompt[-1].isspace() else " "
    assert ours.decode(tokens) == f"{prompt}{space}{choice}"


@pytest.mark.parametrize("choice", ["law", "the laws of Delaware"])
def test_a_choice_is_tokenized_as_inside_the_text(ours, choice: str) -> None:
    """No second word mark, no special token: the tokens the model has seen in training."""
    prompt = "This agreement is governed by"
    assert ours.encode(prompt) + ours.encode_choice(prompt, choice) == ours.encode(
        f"{prompt} {choice}"
    )


def test_the_end_of_sequence_is_that_of_the_model(saved: Path) -> None:
    """generation_config.json before config.json; one id or several."""
    assert Tokenizer(saved).eos == {2}
    path = saved / "generation_config.json"
    path.write_text(json.dumps({"eos_token_id": [2, 7]}))
    assert Tokenizer(saved).eos == {2, 7}
    path.unlink()


def test_threads_may_share_it(ours) -> None:
    """The same tokens from four threads at once."""
    texts = [f"{text} {number}" for number in range(50) for text in TEXTS]
    expected = [ours.encode(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ours.encode, texts)) == expected


@given(st.text(max_size=60))
def test_byte_level_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any text at all, there and back (special tokens spelt out in it excepted)."""
    if any(mark in text for mark in ("<s>", "</s>", "<unk>")):
        return
    path = tmp_path_factory.getbasetemp() / "any"
    if not path.exists():
        path.mkdir()
        gpt2().save(str(path / "tokenizer.json"))
    tokenizer = Tokenizer(path)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_directory_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    """And one with a broken one; the sentence names the file."""
    with pytest.raises(EngineError, match=r"no tokenizer\.json"):
        Tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EngineError, match=r"tokenizer\.json: not a tokenizer"):
        Tokenizer(tmp_path)


def test_tokens_keys_and_numerics_import_no_torch() -> None:
    """A run that finds everything in the store must not pay for it."""
    code = (
        "import sys, harness.engine.tokenize, harness.engine.keys, harness.engine.numerics,"
        " harness.engine.start; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
