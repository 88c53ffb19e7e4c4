/// COCO files with every form of outline.
enum COCOSeeds {
  static let all = [
    Seed("polygons", Array(polygons.utf8)), Seed("runs", Array(runs.utf8)), Seed("escapes", Array(escapes.utf8)),
  ]

  private static let polygons = """
    {"info": {"year": 2017, "note": null}, "images": [
     {"id": 1, "width": 40, "height": 30, "file_name": "a.png"}, {"id": 7, "width": 40, "height": 30, "file_name": "b/c.png"}],
     "annotations": [
     {"id": 1, "image_id": 1, "category_id": 18, "iscrowd": 0, "area": 91.5, "bbox": [2, 3.5, 10, 9.25],
      "segmentation": [[2, 3.5, 12, 3.5, 12, 12.75, 2, 12.75], [20, 20, 25.5, 20, 22, 28]]},
     {"id": 2, "image_id": 7, "category_id": 1, "iscrowd": 0, "area": null, "bbox": [0, 0, 40, 30], "segmentation": null},
     {"id": 3, "image_id": 7, "category_id": 1, "bbox": [1e1, 5e-1, 2.5E+0, 4]}],
     "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog", "supercategory": "animal"}]}

    """

  private static let runs = """
    {"images":[{"id":1,"width":6,"height":5,"file_name":"a.png"}],"annotations":[
    {"image_id":1,"category_id":1,"iscrowd":1,"bbox":[0,0,6,5],"segmentation":{"size":[5,6],"counts":[6,3,2,3,16]}},
    {"image_id":1,"category_id":2,"iscrowd":0,"bbox":[1,1,2,3],"segmentation":{"counts":"7230=","size":[5,6]}}],
    "categories":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}
    """

  private static let escapes = #"""
    {"categories":[{"id":3,"name":"\u00e9\ud83d\ude00\n\/\"\\"}],"images":[{"file_name":"x y.png","height":30,"width":40,"id":0}],
    "annotations":[{"bbox":[1.000000000000000000001,2,3,4],"category_id":3,"image_id":0,"iscrowd":false}]}
    """#
}

/// Pascal VOC files, in the challenge's form and in labelling programs'.
enum VOCSeeds {
  static let all = [
    Seed("challenge", Array(challenge.utf8)), Seed("plain", Array(plain.utf8)),
    Seed(
      "gb",
      [UInt8]("<?xml version=\"1.0\" encoding=\"gbk\"?><annotation><filename>".utf8) + [0xD5, 0xD5]
        + [UInt8]("</filename></annotation>".utf8)),
    Seed("empty", Array("<annotation>\n  <filename>nothing.jpg</filename>\n</annotation>\n".utf8)),
  ]

  private static let challenge = """
    <?xml version="1.0" encoding="UTF-8"?>
    <annotation>
    \t<folder>VOC2012</folder><filename>a &amp; b.jpg</filename>
    \t<size><width>40</width><height>30</height><depth>3</depth></size><segmented>1</segmented>
    \t<object>
    \t\t<name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>1</difficult>
    \t\t<bndbox><xmin>3</xmin><ymin>4.5</ymin><xmax>20</xmax><ymax>28</ymax></bndbox>
    \t\t<part><name>head</name><bndbox><xmin>5</xmin><ymin>6</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>
    \t</object>
    \t<object><name>person</name><bndbox><xmax>40</xmax><xmin>1</xmin><ymax>30</ymax><ymin>1</ymin></bndbox></object>
    </annotation>

    """

  private static let plain = """
    <annotation verified="yes"><!-- made by hand --><object><name><![CDATA[zebra fish]]></name><difficult>0</difficult>\
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>
    """
}

/// YOLO's files.
enum YOLOSeeds {
  static let all = [
    Seed("lines", Array("0 0.5 0.5 0.25 0.25\n1 0.1 0.9 0.05 0.1\n0 0.750000 0.250000 0.125000 0.062500\n".utf8)),
    Seed("windows", Array("\u{feff}1 0.5 0.5 1 1\r\n\r\n 0\t5e-1 0.5 0.1 0.1 \r\n".utf8)),
    Seed("one", Array("1 0.25 0.75 0.5 0.5".utf8)),
    Seed("outlines", Array("0 0.1 0.1 0.9 0.1 0.5 0.8\n1.0 0.25 0.75 0.5 0.5 0.9\n".utf8)),
  ]
}
