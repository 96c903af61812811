"""Formats of audio by the suffix of a file."""

NOT_READ = {
    ".m4a": "MPEG-4",
    ".mp4": "MPEG-4",
    ".aac": "AAC",
    ".wma": "Windows Media",
    ".amr": "AMR",
    ".webm": "WebM",
    ".mka": "Matroska",
}
