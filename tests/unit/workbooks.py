"""Small XLSX files, written by hand: what no library on hand would write is needed too."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DATE_STYLE = 1
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_WORKSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# A text, a number as it stands in the file, a day number that is shown as a date, or an error.
type Cell = str | int | float | tuple[str, float] | tuple[str, str] | None


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell]]], *, hidden: Sequence[str] = (), first_row: int = 1
) -> bytes:
    parts = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{TYPES}">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_WORKSHEET}.sheet.main+xml"/></Types>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    listed: list[str] = []
    targets = {"rIdStyles": ("styles", "styles.xml")}
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' if name in hidden else ""
        listed.append(f'<sheet name="{escape(name)}" sheetId="{number}"{state} r:id="rId{number}"/>')
        targets[f"rId{number}"] = ("worksheet", f"worksheets/sheet{number}.xml")
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet_xml(rows, first_row)
    parts["xl/workbook.xml"] = (
        f'{_XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{"".join(listed)}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = _relations(targets)
    return zipped(parts)


def zipped(parts: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def sheet_xml(rows: Sequence[Sequence[Cell]], first_row: int = 1) -> str:
    written = ""
    for line, row in enumerate(rows, start=first_row):
        cells = "".join(_cell(f"{_letters(place)}{line}", value) for place, value in enumerate(row))
        written += f'<row r="{line}">{cells}</row>'
    return f'{_XML}<worksheet xmlns="{MAIN}"><sheetData>{written}</sheetData></worksheet>'


def _cell(place: str, value: Cell) -> str:
    match value:
        case None:
            return ""
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        case ("error", shown):
            return f'<c r="{place}" t="e"><f>VLOOKUP(A1,B:C,2,0)</f><v>{shown}</v></c>'
        case (_, day):
            return f'<c r="{place}" s="{DATE_STYLE}"><v>{day}</v></c>'
        case _:
            return f'<c r="{place}"><v>{value}</v></c>'


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    items = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'{_XML}<Relationships xmlns="{package}">{items}</Relationships>'
