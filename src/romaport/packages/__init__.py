"""The package: assets in a zip file, written reproducibly and read with distrust."""

from romaport.packages.beside import work_beside
from romaport.packages.entries import Entry, encode_entry, end_entry, key_text
from romaport.packages.limits import PackageLimits
from romaport.packages.manifest import Manifest, PackageFile, PackageSource
from romaport.packages.names import check_package_name
from romaport.packages.reader import PackageReader
from romaport.packages.writer import PackageSummary, PackageWriter

__all__ = [
    "Entry",
    "Manifest",
    "PackageFile",
    "PackageLimits",
    "PackageReader",
    "PackageSource",
    "PackageSummary",
    "PackageWriter",
    "check_package_name",
    "encode_entry",
    "end_entry",
    "key_text",
    "work_beside",
]
